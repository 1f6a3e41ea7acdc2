"""Rows of the table that the documents are made of."""

from case import Case, Project, new_word


class Rows(Case):
    def test_created(self):
        project = self.add_project(description="Counts herons")
        self.is_found(project)
        self.assertEqual(self.field(project, "description"), "Counts herons")

    def test_text_arrives_as_it_is(self):
        text = ("""\"double\" 'single' \\back\\slash\\n \t\n\x01\x7f\u2028 </script> {a: 1} %20+& ${HOME} """
                "\u05e9\u05dc\u05d5\u05dd e\u0301 \U0001f6b2")
        project = self.add_project(description=text)
        self.becomes(lambda: self.field(project, "description"), text)

    def test_large_description(self):
        project = self.add_project()
        self.sql(f"""UPDATE projects SET description =
            (SELECT string_agg('word' || i % 1000, ' ') FROM generate_series(1, 500000) i) WHERE id = {project.id}""")
        length = int(self.world.database.value(f"SELECT length(description) FROM projects WHERE id = {project.id}"))
        self.assertGreater(length, 3_000_000)
        self.becomes(lambda: len(self.field(project, "description")), length)

    def test_updated(self):
        project = self.add_found_project()
        self.sql(f"UPDATE projects SET description = 'Counts storks' WHERE id = {project.id}")
        self.becomes(lambda: self.field(project, "description"), "Counts storks")

    def test_deleted(self):
        project = self.add_found_project()
        self.sql(f"DELETE FROM projects WHERE id = {project.id}")
        self.is_gone(project)

    def test_deleted_with_links(self):
        project = self.add_found_project(users=[self.add_user()], hashtags=[self.add_hashtag()])
        self.sql(f"DELETE FROM projects WHERE id = {project.id}")
        self.is_gone(project)
        self.let_changes_pass()  # those of the links, which go with it, must not bring it back
        self.assertIsNone(self.found(project))

    def test_slug_changed(self):
        project = self.add_found_project()
        old, new = self.field(project, "slug"), new_word()
        self.sql(f"UPDATE projects SET slug = '{new}' WHERE id = {project.id}")
        self.becomes(lambda: self.ids("/search", q=new, fields="slug"), [project.id])
        self.assertEqual(self.ids("/search", q=old, fields="slug", operator="and"), [])

    def test_primary_key_changed(self):
        project = self.add_found_project()
        moved = Project(project.id + 1_000_000, project.word)
        self.sql(f"UPDATE projects SET id = {moved.id} WHERE id = {project.id}")
        self.is_found(moved)
        self.is_gone(project)

    def test_rolled_back(self):
        project = self.add_found_project()
        before = self.found(project)
        ghost = new_word()
        self.sql(f"""BEGIN;
            UPDATE projects SET name = '{ghost}' WHERE id = {project.id};
            INSERT INTO projects (name, slug) VALUES ('{ghost}', '{ghost}');
            ROLLBACK""")
        self.let_changes_pass()
        self.assertEqual(self.total(ghost), 0)
        self.assertEqual(self.found(project), before)

    def test_nothing_is_found_before_the_commit(self):
        project, later = self.add_found_project(), new_word()
        with_open_transaction = self.world.session()
        self.addCleanup(with_open_transaction.close)
        with_open_transaction.run(f"BEGIN; UPDATE projects SET name = '{later}' WHERE id = {project.id}")
        self.let_changes_pass()
        self.assertEqual(self.total(later), 0)
        with_open_transaction.run("COMMIT")
        self.is_found(Project(project.id, later))

    def test_unchanged_toasted_description_survives(self):
        project = self.add_project()
        self.sql(f"""UPDATE projects SET description =
            (SELECT string_agg(md5(random()::text), ' ') FROM generate_series(1, 2000)) WHERE id = {project.id}""")
        description = self.world.database.value(f"SELECT description FROM projects WHERE id = {project.id}")
        self.becomes(lambda: self.field(project, "description"), description)
        renamed = Project(project.id, new_word())
        self.sql(f"UPDATE projects SET name = '{renamed.word}' WHERE id = {project.id}")
        self.is_found(renamed)
        self.assertEqual(self.field(renamed, "description"), description)
        placeholder = b'"__debezium_unavailable_value"'  # the event of the second update did not hold it
        self.assertTrue(any(placeholder in value for _, _, value in self.world.kafka.records("cdc.public.projects")))

    def test_many_rows_in_one_transaction(self):
        word, later = new_word(), new_word()
        self.sql(f"""INSERT INTO projects (name, slug)
            SELECT '{word} ' || i, '{word}-' || i FROM generate_series(1, 500) i""")
        self.becomes(lambda: self.total(word), 500)
        self.sql(f"UPDATE projects SET name = '{later}', slug = '{later}-' || id WHERE slug LIKE '{word}-%'")
        self.becomes(lambda: (self.total(word), self.total(later)), (0, 500))
        self.sql(f"DELETE FROM projects WHERE name = '{later}'")
        self.becomes(lambda: self.total(later), 0)

    def test_many_updates_of_one_row_are_few_writes(self):
        project = self.add_found_project()
        self.let_changes_pass()
        before = self.world.metric("sluice_documents_written_total")
        self.sql(f"""DO $$ BEGIN FOR i IN 1..200 LOOP
            UPDATE projects SET description = 'update ' || i WHERE id = {project.id}; COMMIT;
            END LOOP; END $$""")
        self.becomes(lambda: self.field(project, "description"), "update 200")
        self.becomes(lambda: self.world.metric("sluice_pending_keys"), 0)
        self.assertLess(self.world.metric("sluice_documents_written_total") - before, 50)
        self.assertEqual(self.field(project, "description"), "update 200")

    def test_truncated(self):
        self.add_found_project(users=[self.add_user()], hashtags=[self.add_hashtag()])
        self.sql("TRUNCATE projects CASCADE")
        self.becomes(self.world.documents_in_index, {})
        self.is_found(self.add_project())
        self.is_in_step()
