"""GET /api/v1/projects/by-user/:userId"""

import dataset
from api import Case, request


class ByUser(Case):
    def test_finds_the_users_projects_the_newest_first(self):
        self.assertEqual(self.ids("/by-user/1"), [2, 1])
        self.assertEqual(self.ids("/by-user/2"), [6, 4, 1])

    def test_a_user_without_projects_has_none(self):
        page = self.page("/by-user/424242")
        self.assertEqual((page["total"], page["hits"]), (0, []))

    def test_defaults(self):
        page = self.page("/by-user/900")
        self.assertEqual((page["limit"], page["offset"], len(page["hits"])), (20, 0, 20))
        self.assertEqual(page["total"], dataset.PAGING_COUNT)

    def test_pages(self):
        first = self.ids("/by-user/900", limit=100)
        second = self.ids("/by-user/900", limit=100, offset=100)
        self.assertEqual(len(first), 100)
        self.assertEqual(len(set(first + second)), dataset.PAGING_COUNT)

    def test_the_deepest_page_is_served(self):
        self.assertEqual(self.ids("/by-user/900", limit=100, offset=10000), [])

    def test_the_largest_key_is_served(self):
        self.assertEqual(self.ids("/by-user/9223372036854775807"), [])

    def test_what_is_no_id_is_refused(self):
        for key in ("abc", "1x", "-1", "+1", "1.5", "%20", "9223372036854775808", "1%2F2"):
            self.refused("userId", f"/by-user/{key}")

    def test_a_missing_id_is_no_path(self):
        for path in ("/by-user", "/by-user/", "/by-user/1/", "/by-user/1/2"):
            self.assertEqual(request("GET", f"/api/v1/projects{path}").status, 404, path)

    def test_limit_and_offset_are_checked(self):
        for value in ("0", "101", "x", "", "-1"):
            self.refused("limit", "/by-user/1", limit=value)
        for value in ("10001", "x", "", "-1"):
            self.refused("offset", "/by-user/1", offset=value)

    def test_other_parameters_are_refused(self):
        for name in ("q", "sort_by", "sort_order", "date_from", "fields", "match", "fuzzy"):
            self.refused(name, "/by-user/1", **{name: "a"})
