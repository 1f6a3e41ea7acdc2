"""Users and hashtags: rows that are nested in the documents of others."""

from case import Case, new_word


class Users(Case):
    def setUp(self):
        self.name = new_word()
        self.user = self.add_user(self.name)

    def test_added_and_removed(self):
        project = self.add_found_project()
        self.link_user(self.user, project)
        self.becomes(lambda: self.users_of(project), [self.name])
        self.assertEqual(self.ids(f"/by-user/{self.user}"), [project.id])
        self.sql(f"DELETE FROM user_projects WHERE user_id = {self.user} AND project_id = {project.id}")
        self.becomes(lambda: self.users_of(project), [])
        self.assertEqual(self.ids(f"/by-user/{self.user}"), [])

    def test_role_changed(self):
        project = self.add_found_project(users=[self.user])
        self.sql(f"UPDATE user_projects SET role = 'owner' WHERE user_id = {self.user}")
        self.becomes(lambda: [user["role"] for user in self.field(project, "users")], ["owner"])

    def test_renamed(self):
        projects = [self.add_found_project(users=[self.user]) for _ in range(3)]
        new = new_word()
        self.sql(f"UPDATE users SET username = '{new}' WHERE id = {self.user}")
        for project in projects:
            self.becomes(lambda: self.users_of(project), [new])

    def test_deleted(self):
        other = new_word()
        project = self.add_found_project(users=[self.user, self.add_user(other)])
        self.sql(f"DELETE FROM users WHERE id = {self.user}")
        self.becomes(lambda: self.users_of(project), [other])
        self.becomes(lambda: self.ids(f"/by-user/{self.user}"), [])

    def test_moved_to_another_project(self):
        old, new = self.add_found_project(users=[self.user]), self.add_found_project()
        self.sql(f"UPDATE user_projects SET project_id = {new.id} WHERE user_id = {self.user}")
        self.becomes(lambda: (self.users_of(old), self.users_of(new)), ([], [self.name]))
        self.assertEqual(self.ids(f"/by-user/{self.user}"), [new.id])

    def test_all_links_truncated(self):
        hashtag = new_word()
        project = self.add_found_project(users=[self.user], hashtags=[self.add_hashtag(hashtag)])
        self.sql("TRUNCATE user_projects")
        self.becomes(lambda: self.users_of(project), [])
        self.assertEqual(self.hashtags_of(project), [hashtag])
        self.is_in_step()


class Hashtags(Case):
    def setUp(self):
        self.name = new_word()
        self.hashtag = self.add_hashtag(self.name)

    def by_hashtag(self, name):
        return self.ids("/by-hashtag", hashtags=name)

    def test_added_and_removed(self):
        project = self.add_found_project()
        self.link_hashtag(self.hashtag, project)
        self.becomes(lambda: self.by_hashtag(self.name), [project.id])
        self.sql(f"DELETE FROM project_hashtags WHERE hashtag_id = {self.hashtag}")
        self.becomes(lambda: self.by_hashtag(self.name), [])
        self.assertEqual(self.hashtags_of(project), [])

    def test_renamed(self):
        project = self.add_found_project(hashtags=[self.hashtag])
        new = new_word()
        self.sql(f"UPDATE hashtags SET name = '{new}' WHERE id = {self.hashtag}")
        self.becomes(lambda: self.by_hashtag(new), [project.id])
        self.assertEqual(self.by_hashtag(self.name), [])

    def test_deleted(self):
        other = new_word()
        project = self.add_found_project(hashtags=[self.hashtag, self.add_hashtag(other)])
        self.sql(f"DELETE FROM hashtags WHERE id = {self.hashtag}")
        self.becomes(lambda: self.hashtags_of(project), [other])
        self.assertEqual(self.by_hashtag(self.name), [])
