"""Every parameter of the search API, on documents that came from PostgreSQL. Errors and limits: integration/api."""

from case import Case, new_word


class Search(Case):
    @classmethod
    def setUpClass(cls):
        case = cls()
        cls.word, cls.tag, cls.other_tag = new_word(), new_word(), new_word()
        cls.user = case.add_user()
        tag, other_tag = case.add_hashtag(cls.tag), case.add_hashtag(cls.other_tag)
        cls.a, cls.b, cls.c = (
            case.add_project(name=f"{letter}lpha {cls.word}", slug=f"{slug}-{cls.word}", description=f"About {thing}",
                             created_at=f"2025-0{month}-01 12:00:00+00", updated_at=f"2025-0{7 - month}-01 12:00:00+00")
            for letter, slug, thing, month in (("A", "y", "herons", 1), ("B", "x", "storks", 2), ("C", "z", "cranes", 3)))
        for project in (cls.a, cls.b):
            case.link_user(cls.user, project)
        for project in (cls.b, cls.c):
            case.link_hashtag(tag, project)
        case.link_hashtag(other_tag, cls.c)
        case.becomes(lambda: case.total(cls.word), 3)
        case.let_changes_pass()
        case.becomes(lambda: len(case.ids("/by-hashtag", hashtags=[cls.tag, cls.other_tag])), 2)

    def search(self, **parameters):
        """The names' first letters."""
        page = self.api("/search", **{"q": self.word, **parameters})
        return "".join(hit["document"]["name"][0] for hit in page["hits"])

    def test_words(self):
        self.assertCountEqual(self.search(), "ABC")
        self.assertEqual(self.search(q=f"{self.word} herons", operator="and"), "A")
        self.assertCountEqual(self.search(q=f"{self.word} herons", operator="or"), "ABC")
        self.assertCountEqual(self.search(q=self.word[:9]), "ABC")  # by the beginning
        typo = self.word[:6] + ("x" if self.word[6] != "x" else "y") + self.word[7:]
        self.assertEqual(self.search(q=typo), "")
        self.assertCountEqual(self.search(q=typo, fuzzy="true"), "ABC")

    def test_fields(self):
        herons = f"{self.word} herons"
        self.assertEqual(self.search(q=herons, operator="and", fields="name,description"), "A")
        self.assertEqual(self.search(q=herons, operator="and", fields="name"), "")

    def test_pages(self):
        pages = [self.api("/search", q=self.word, sort_by="name", sort_order="asc", limit=1, offset=i) for i in range(3)]
        self.assertEqual([page["hits"][0]["document"]["id"] for page in pages], [self.a.id, self.b.id, self.c.id])
        self.assertEqual([(page["total"], page["limit"], page["offset"]) for page in pages], [(3, 1, i) for i in range(3)])

    def test_order(self):
        for key, ascending in {"name": "ABC", "slug": "BAC", "created_at": "ABC", "updated_at": "CBA"}.items():
            self.assertEqual(self.search(sort_by=key, sort_order="asc"), ascending, key)
            self.assertEqual(self.search(sort_by=key), ascending[::-1], key)
        self.assertEqual(self.search(q=f"{self.word} storks", sort_by="_score")[0], "B")

    def test_dates(self):
        self.assertCountEqual(self.search(date_from="2025-02-01"), "BC")
        self.assertCountEqual(self.search(date_to="2025-02-01"), "AB")
        self.assertEqual(self.search(date_from="2025-02-01T11:59:59Z", date_to="2025-02-01T14:00:00+02:00"), "B")

    def test_by_user(self):
        path = f"/by-user/{self.user}"
        self.assertEqual(self.ids(path), [self.b.id, self.a.id])  # the newest first
        self.assertEqual(self.ids(path, limit=1, offset=1), [self.a.id])

    def test_by_hashtag(self):
        def ids(**parameters):
            return self.ids("/by-hashtag", **parameters)

        both = [self.tag, self.other_tag]
        self.assertEqual(ids(hashtags=self.tag), [self.c.id, self.b.id])
        self.assertEqual(ids(hashtags=both), [self.c.id, self.b.id])
        self.assertEqual(ids(hashtags=",".join(both), match="any"), [self.c.id, self.b.id])
        self.assertEqual(ids(hashtags=",".join(both), match="all"), [self.c.id])
        self.assertEqual(ids(hashtags=both, limit=1, offset=1), [self.b.id])
