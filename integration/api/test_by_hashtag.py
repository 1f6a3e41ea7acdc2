"""GET /api/v1/projects/by-hashtag"""

import dataset
from api import Case


class ByHashtag(Case):
    def test_finds_the_projects_the_newest_first(self):
        self.assertEqual(self.ids("/by-hashtag", hashtags="finance"), [2, 1])

    def test_any_is_the_default(self):
        self.assertEqual(self.ids("/by-hashtag", hashtags="kafka,web"), [3, 2, 1])
        self.assertEqual(self.ids("/by-hashtag", hashtags="kafka,web", match="any"), [3, 2, 1])

    def test_all_needs_each(self):
        self.assertEqual(self.ids("/by-hashtag", hashtags="finance,web", match="all"), [2])
        self.assertEqual(self.ids("/by-hashtag", hashtags="kafka,web", match="all"), [])
        self.assertEqual(self.ids("/by-hashtag", hashtags="finance", match="all"), [2, 1])

    def test_list_and_repeats_are_the_same(self):
        for raw in ("hashtags=kafka,web", "hashtags=kafka&hashtags=web", "hashtags=kafka%2Cweb",
                    "hashtags=kafka,%20web&hashtags=kafka"):
            self.assertEqual(self.ids("/by-hashtag", raw), [3, 2, 1], raw)
            self.assertEqual(self.ids("/by-hashtag", raw + "&match=all"), [], raw)

    def test_names_are_decoded(self):
        self.assertEqual(self.ids("/by-hashtag", "hashtags=food+%26+drink"), [4])
        self.assertEqual(self.ids("/by-hashtag", "hashtags=%E6%97%A5%E6%9C%AC"), [5])
        self.assertEqual(self.ids("/by-hashtag", "hashtags=C%23"), [6])

    def test_case_does_not_matter(self):
        self.assertEqual(self.ids("/by-hashtag", hashtags="KAFKA"), [1])

    def test_names_match_whole(self):
        self.assertEqual(self.ids("/by-hashtag", hashtags="kaf"), [])

    def test_defaults(self):
        page = self.page("/by-hashtag", hashtags="paging")
        self.assertEqual((page["limit"], page["offset"], len(page["hits"])), (100, 0, 100))
        self.assertEqual(page["total"], dataset.PAGING_COUNT)

    def test_pages(self):
        first = self.ids("/by-hashtag", hashtags="paging")
        second = self.ids("/by-hashtag", hashtags="paging", offset=100)
        self.assertEqual(len(set(first + second)), dataset.PAGING_COUNT)

    def test_fifty_names_are_served_and_no_more(self):
        names = [f"tag{i}" for i in range(50)]
        self.assertEqual(self.ids("/by-hashtag", hashtags=",".join(names)), [])
        self.assertEqual(self.ids("/by-hashtag", hashtags=",".join(names), match="all"), [])
        self.refused("hashtags", "/by-hashtag", hashtags=",".join(names + ["kafka"]))

    def test_names_are_required(self):
        self.refused("hashtags", "/by-hashtag")
        self.refused("hashtags", "/by-hashtag", hashtags="")
        self.refused("hashtags", "/by-hashtag", hashtags="a,,b")
        self.refused("hashtags", "/by-hashtag", hashtags="x" * 257)

    def test_match_limit_and_offset_are_checked(self):
        self.assertEqual(self.refused("match", "/by-hashtag", hashtags="a", match="some")["allowed"],
                         ["any", "all"])
        self.refused("match", "/by-hashtag", "hashtags=a&match=any&match=all")
        for value in ("0", "101", "x", ""):
            self.refused("limit", "/by-hashtag", hashtags="a", limit=value)
        self.refused("offset", "/by-hashtag", hashtags="a", offset="10001")

    def test_other_parameters_are_refused(self):
        error = self.refused("hashtag", "/by-hashtag", "hashtag=a")
        self.assertIn("Did you mean 'hashtags'?", error["message"])
        self.refused("q", "/by-hashtag", hashtags="a", q="b")
