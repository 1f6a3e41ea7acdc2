"""A change that touches very many documents."""

from case import Case, new_word

DOCUMENTS = 4000  # well above fanout_threshold (1000)


class Fanout(Case):
    def test_a_user_in_thousands_of_projects_is_renamed_and_holds_nobody_up(self):
        word, old, new = new_word(), new_word(), new_word()
        user = self.add_user(old)
        self.sql(f"""WITH added AS (INSERT INTO projects (name, slug)
            SELECT '{word}', '{word}-' || i FROM generate_series(1, {DOCUMENTS}) i RETURNING id)
            INSERT INTO user_projects (user_id, project_id) SELECT {user}, id FROM added""")
        self.addCleanup(self.sql, f"DELETE FROM projects WHERE name = '{word}'")
        self.becomes(lambda: self.documents_of(old), DOCUMENTS, 60)
        self.let_changes_pass()

        self.sql(f"UPDATE users SET username = '{new}' WHERE id = {user}")
        fresh = self.add_project()
        self.is_found(fresh)
        self.becomes(lambda: self.documents_of(new), DOCUMENTS, 60)
        self.assertEqual(self.documents_of(old), 0)
        self.assertLess(self.write_number(f"name:{fresh.word}"), self.write_number(f"name:{word}"),
                        "the fresh change waited for the end of the renaming")

    def documents_of(self, username):
        query = {"nested": {"path": "users", "query": {"term": {"users.username.keyword": username}}}}
        return self.world.opensearch("POST", f"/{self.world.index}/_count", {"query": query})["count"]

    def write_number(self, query):
        """When the last of the documents found was written: the index numbers its writes."""
        body = {"size": 1, "seq_no_primary_term": True, "sort": [{"_seq_no": "desc"}],
                "query": {"query_string": {"query": query}}}
        return self.world.opensearch("POST", f"/{self.world.index}/_search", body)["hits"]["hits"][0]["_seq_no"]
