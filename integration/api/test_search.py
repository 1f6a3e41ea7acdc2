"""GET /api/v1/projects/search"""

import dataset
from api import Case, get


class Text(Case):
    def test_a_word_is_found_in_name_slug_and_description(self):
        self.assertCountEqual(self.search(q="ledger"), [1, 2])
        self.assertEqual(self.search(q="bistro"), [4])
        self.assertEqual(self.search(q="payments"), [1])

    def test_case_does_not_matter(self):
        self.assertCountEqual(self.search(q="LEDGER"), [1, 2])

    def test_accents_do_not_matter(self):
        for text in ("café", "cafe", "CAFÉ", "menu"):
            self.assertEqual(self.search(q=text), [4], text)

    def test_a_part_of_a_name_or_slug_is_enough(self):
        self.assertEqual(self.search(q="realt"), [1])
        self.assertEqual(self.search(q="bist"), [4])

    def test_a_whole_slug_is_found(self):
        self.assertEqual(self.search(q="realtime-ledger", operator="and"), [1])

    def test_text_of_other_scripts_is_found(self):
        self.assertEqual(self.search(q="日本語"), [5])
        self.assertEqual(self.search(q="検索エンジン"), [5])

    def test_plus_is_a_space_and_percent_2b_a_plus(self):
        self.assertEqual(self.ids("/search", "q=photo+album&operator=and"), [3])
        self.assertEqual(self.ids("/search", "q=photo%20album&operator=and"), [3])
        self.assertEqual(self.ids("/search", "q=C%2B%2B&fields=name&operator=and&limit=1"), [6])

    def test_syntax_of_any_kind_is_only_text(self):
        for text in ('"quoted"', "\\ quoted", "quoted}", '{"match_all":{}} quoted', "quoted*",
                     "name:quoted", "quoted <b>", "%quoted%", "quoted' OR 1=1"):
            self.assertIn(6, self.search(q=text, fields="description"), text)

    def test_what_does_not_occur_is_not_found(self):
        page = self.page("/search", q="xylophone")
        self.assertEqual((page["total"], page["hits"]), (0, []))

    def test_punctuation_alone_finds_nothing(self):
        self.assertEqual(self.search(q="&"), [])

    def test_better_matches_come_first(self):
        self.assertEqual(self.search(q="realtime ledger")[0], 1)
        page = self.page("/search", q="realtime")
        scores = [hit["score"] for hit in page["hits"]]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertEqual(page["hits"][0]["document"]["id"], 1)

    def test_a_text_of_the_greatest_length_is_served(self):
        self.assertEqual(self.search(q="é" * 1000), [])
        self.assertEqual(get("/search", q=" ".join(["word"] * 32)).status, 200)
        self.assertEqual(get("/search", q=" ".join(["word"] * 32), fuzzy="true").status, 200)

    def test_documents_come_as_they_were_indexed(self):
        for number in range(1, 8):
            name = dataset.BY_ID[number]["name"]
            hits = self.page("/search", q=name, operator="and")["hits"]
            documents = [hit["document"] for hit in hits]
            self.assertIn(dataset.BY_ID[number], documents)


class Operator(Case):
    def test_or_is_the_default(self):
        self.assertCountEqual(self.search(q="viewer album"), [2, 3])
        self.assertCountEqual(self.search(q="viewer album", operator="or"), [2, 3])

    def test_and_needs_every_word(self):
        self.assertEqual(self.search(q="viewer album", operator="and"), [])
        self.assertEqual(self.search(q="ledger viewer", operator="and"), [2])

    def test_and_takes_the_words_from_different_fields(self):
        self.assertEqual(self.search(q="viewer balances", operator="and"), [2])

    def test_and_passes_over_punctuation(self):
        self.assertEqual(self.search(q="ledger & – viewer", operator="and"), [2])


class Fuzzy(Case):
    def test_is_off_by_default(self):
        self.assertEqual(self.search(q="ledgre"), [])
        self.assertEqual(self.search(q="ledgre", fuzzy="false"), [])

    def test_finds_words_with_a_slip(self):
        self.assertCountEqual(self.search(q="ledgre", fuzzy="true"), [1, 2])
        self.assertEqual(self.search(q="foto photp", fuzzy="true"), [3])

    def test_needs_the_first_letter(self):
        self.assertEqual(self.search(q="kedger", fuzzy="true"), [])

    def test_goes_with_and(self):
        self.assertEqual(self.search(q="ledgre viewr", fuzzy="true", operator="and"), [2])

    def test_still_finds_parts(self):
        self.assertIn(1, self.search(q="realt", fuzzy="true"))


class Fields(Case):
    def test_default_is_slug_name_and_description(self):
        self.assertCountEqual(self.search(q="realtime"), [1, 3])
        self.assertCountEqual(self.search(q="realtime", fields="slug,name,description"), [1, 3])

    def test_can_be_narrowed(self):
        self.assertEqual(self.search(q="realtime", fields="name"), [1])
        self.assertEqual(self.search(q="realtime", fields="description"), [3])
        self.assertEqual(self.search(q="payments", fields="name,slug"), [])

    def test_list_and_repeats_are_the_same(self):
        for raw in ("fields=name,description", "fields=name&fields=description",
                    "fields=name%2Cdescription", "fields=name,description&fields=name"):
            self.assertCountEqual(self.ids("/search", "q=realtime&" + raw), [1, 3], raw)


class Paging(Case):
    def test_defaults(self):
        page = self.page("/search", q="paging")
        self.assertEqual(page["total"], dataset.PAGING_COUNT)
        self.assertEqual((page["limit"], page["offset"], len(page["hits"])), (20, 0, 20))

    def test_limit(self):
        for limit in (1, 100):
            page = self.page("/search", q="paging", limit=limit)
            self.assertEqual((page["limit"], len(page["hits"])), (limit, limit))
            self.assertEqual(page["total"], dataset.PAGING_COUNT)

    def test_pages_neither_overlap_nor_leave_gaps(self):
        for sort_by in ("_score", "created_at", "name"):
            seen = []
            for offset in range(0, dataset.PAGING_COUNT, 30):
                page = self.page("/search", q="paging", limit=30, offset=offset, sort_by=sort_by)
                self.assertEqual(page["offset"], offset)
                seen += [hit["document"]["id"] for hit in page["hits"]]
            self.assertEqual(len(seen), dataset.PAGING_COUNT)
            self.assertEqual(len(set(seen)), dataset.PAGING_COUNT, sort_by)

    def test_equal_hits_come_in_the_order_of_their_ids(self):
        numbers = self.search(q="paging", sort_by="created_at", limit=100)
        self.assertEqual(numbers, sorted(numbers))

    def test_beyond_the_end_there_is_nothing(self):
        page = self.page("/search", q="paging", offset=dataset.PAGING_COUNT)
        self.assertEqual((page["total"], page["hits"]), (dataset.PAGING_COUNT, []))

    def test_the_deepest_page_is_served(self):
        page = self.page("/search", q="paging", limit=100, offset=10000)
        self.assertEqual((page["total"], page["hits"]), (dataset.PAGING_COUNT, []))


class Sorting(Case):
    ANY = "ledger viewer album bistro nihongo toolkit untitled"

    def order(self, **parameters):
        return self.search(q=self.ANY, **parameters)

    def test_by_score_is_the_default(self):
        self.assertEqual(self.order(), self.order(sort_by="_score", sort_order="desc"))

    def test_by_score_can_be_turned_round(self):
        scores = [hit["score"] for hit in
                  self.page("/search", q=self.ANY, sort_by="_score", sort_order="asc")["hits"]]
        self.assertEqual(scores, sorted(scores))

    def test_by_each_field_descends_unless_told(self):
        for field in ("created_at", "updated_at", "slug"):
            expected = sorted(range(1, 8), key=lambda n: dataset.BY_ID[n][field])
            self.assertEqual(self.order(sort_by=field, sort_order="asc"), expected, field)
            self.assertEqual(self.order(sort_by=field, sort_order="desc"), expected[::-1], field)
            self.assertEqual(self.order(sort_by=field), expected[::-1], field)

    def test_by_name_ignores_case_and_accents(self):
        self.assertEqual(self.order(sort_by="name", sort_order="asc"), [6, 4, 2, 3, 1, 7, 5])

    def test_scores_are_there_however_hits_are_sorted(self):
        for hit in self.page("/search", q=self.ANY, sort_by="name")["hits"]:
            self.assertGreater(hit["score"], 0)


class Dates(Case):
    def between(self, raw):
        return sorted(self.ids("/search", f"q={Sorting.ANY.replace(' ', '+')}&{raw}"))

    def test_from(self):
        self.assertEqual(self.between("date_from=2025-05-06"), [6, 7])
        self.assertEqual(self.between("date_from=2025-05-06T00:00:00Z"), [6, 7])
        self.assertEqual(self.between("date_from=2025-05-06T00:00:00.001Z"), [7])

    def test_to_has_the_whole_day(self):
        self.assertEqual(self.between("date_to=2025-03-20"), [1, 2, 3])
        self.assertEqual(self.between("date_to=2025-03-19"), [1, 2])
        self.assertEqual(self.between("date_to=2025-03-20T23:59:59.500Z"), [1, 2, 3])
        self.assertEqual(self.between("date_to=2025-03-20T23:59:59.499Z"), [1, 2])

    def test_both(self):
        self.assertEqual(self.between("date_from=2025-02-15&date_to=2025-02-15"), [2])
        self.assertEqual(self.between("date_from=2025-02-15T12:30:00Z&date_to=2025-02-15T12:30:00Z"), [2])
        self.assertEqual(self.between("date_from=2025-02-16&date_to=2025-03-19"), [])

    def test_zones(self):
        self.assertEqual(self.between("date_to=2025-01-10T09:00:00%2B01:00"), [1])
        self.assertEqual(self.between("date_to=2025-01-10T08:59:59%2B01:00"), [])
        self.assertEqual(self.between("date_to=2025-01-10T03:00-0500"), [1])

    def test_without_a_zone_is_utc(self):
        self.assertEqual(self.between("date_to=2025-01-10T08:00:00"), [1])
        self.assertEqual(self.between("date_to=2025-01-10T07:59:59"), [])

    def test_scores_do_not_depend_on_the_dates(self):
        plain = self.page("/search", q="viewer")["hits"][0]["score"]
        dated = self.page("/search", q="viewer", date_from="2025-01-01")["hits"][0]["score"]
        self.assertAlmostEqual(plain, dated, places=5)

    def test_the_ends_of_time_are_served(self):
        self.assertEqual(self.between("date_from=0001-01-01&date_to=9999-12-31"), list(range(1, 8)))
