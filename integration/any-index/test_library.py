"""pipelines/library: two junctions to one table, books that refer to books, text keys, a chain of parents, arrays in
arrays. Here the host is killed as well."""

import unittest

from changes import Changes
from example import Example

DOCUMENTS = """
SELECT b.isbn, json_build_object('isbn', b.isbn, 'title', b.title, 'pages', b.pages, 'published', b.published,
  'languages', to_json(b.languages), 'thumbnail', translate(encode(b.thumbnail, 'base64'), E'\\n', ''),
  'authors', coalesce((SELECT json_agg(json_build_object('id', p.id, 'name', p.name, 'born', p.born,
      'position', a.position, 'role', a.role) ORDER BY a.position, p.id)
    FROM book_authors a JOIN people p ON p.id = a.person_id WHERE a.isbn = b.isbn), '[]'),
  'translators', coalesce((SELECT json_agg(p.name ORDER BY p.name)
    FROM book_translators t JOIN people p ON p.id = t.person_id WHERE t.isbn = b.isbn), '[]'),
  'sequel_of', (SELECT json_build_object('isbn', isbn, 'title', title) FROM books WHERE isbn = b.sequel_of),
  'sequels', coalesce((SELECT json_agg(json_build_object('isbn', s.isbn, 'title', s.title, 'published', s.published)
      ORDER BY s.published, s.isbn) FROM books s WHERE s.sequel_of = b.isbn), '[]'),
  'category', CASE WHEN c.code IS NOT NULL THEN json_build_object('code', c.code, 'name', c.name,
    'parent', CASE WHEN cc.code IS NOT NULL THEN json_build_object('code', cc.code, 'name', cc.name,
      'parent', CASE WHEN ccc.code IS NOT NULL THEN json_build_object('code', ccc.code, 'name', ccc.name) END) END) END,
  'copies', coalesce((SELECT json_agg(json_build_object('barcode', k.barcode, 'branch', k.branch, 'loans',
      coalesce((SELECT json_agg(json_build_object('lent', l.lent, 'reminded', l.reminded) ORDER BY l.start DESC, l.id DESC)
        FROM (SELECT *, lower(lent) AS start FROM loans WHERE barcode = k.barcode ORDER BY lower(lent) DESC, id DESC LIMIT 3) l), '[]'))
      ORDER BY k.barcode) FROM copies k WHERE k.isbn = b.isbn), '[]'))
FROM books b
LEFT JOIN categories c ON c.code = b.category
LEFT JOIN categories cc ON cc.code = c.parent
LEFT JOIN categories ccc ON ccc.code = cc.parent
"""


class LibraryChanges(Changes):
    kinds = {
        "new_person": 4, "change_person": 4, "delete_person": 0.7,
        "new_category": 3, "change_category": 2, "move_category": 2, "rekey_category": 1, "delete_category": 0.5,
        "new_book": 7, "change_book": 4, "change_sequel": 3, "change_book_category": 2, "rekey_book": 2, "delete_book": 1,
        "new_author": 6, "change_author": 3, "move_author": 2, "delete_author": 1,
        "new_translator": 4, "move_translator": 2, "delete_translator": 1,
        "new_copy": 6, "change_copy": 2, "move_copy": 2, "rekey_copy": 1, "delete_copy": 1,
        "new_loan": 8, "change_loan": 3, "move_loan": 2, "delete_loan": 1,
        "truncate": 0.2, "swap_two_books": 1,
    }

    def person(self):
        return self.row("people", "id")

    def book(self):
        return self.row("books", "isbn")

    def category(self):
        return self.row("categories", "code")

    def copy(self):
        return self.row("copies", "barcode")

    def loan(self):
        return self.row("loans", "id")

    def author(self):
        return self.row("book_authors", "isbn", "person_id")

    def translator(self):
        return self.row("book_translators", "isbn", "person_id")

    def maybe(self, value):
        return value if self.random.random() < 0.7 else "NULL"

    def period(self):
        return self.one_of("[2026-01-01,2026-01-15)", "[2026-02-01,)", "[2025-12-24,2026-01-01]", "empty", "(,2025-01-01)")

    # Statements

    def new_person(self):
        return f"INSERT INTO people (name, born) VALUES ({self.word()}, {self.maybe(self.date())})"

    def change_person(self):
        change = self.random.choice((f"name = {self.word()}", f"born = {self.maybe(self.date())}"))
        return f"UPDATE people SET {change} WHERE id = {self.person()}"

    def delete_person(self):
        return f"DELETE FROM people WHERE id = {self.person()}"

    def new_category(self):
        return f"INSERT INTO categories VALUES ({self.word()}, {self.word()}, {self.maybe(self.category())})"

    def change_category(self):
        return f"UPDATE categories SET name = {self.word()} WHERE code = {self.category()}"

    def move_category(self):
        return f"UPDATE categories SET parent = {self.maybe(self.category())} WHERE code = {self.category()}"

    def rekey_category(self):
        return f"UPDATE categories SET code = {self.word()} WHERE code = {self.category()}"

    def delete_category(self):
        return f"DELETE FROM categories WHERE code = {self.category()}"

    def new_book(self):
        return f"""INSERT INTO books VALUES ({self.word()}, {self.word()}, {self.maybe(self.number(1, 900))},
            {self.maybe(self.date())}, {self.one_of('{}', '{en}', '{de,en}')},
            {self.one_of(None, chr(92) + 'x00ff10', chr(92) + 'x' + 'ab' * 100)}, {self.maybe(self.category())}, {self.maybe(self.book())})"""

    def change_book(self):
        change = self.random.choice((f"title = {self.word()}", f"pages = {self.maybe(self.number(1, 900))}",
                                     f"published = {self.maybe(self.date())}", "languages = array_append(languages, 'fr')",
                                     "thumbnail = sha256(thumbnail)"))
        return f"UPDATE books SET {change} WHERE isbn = {self.book()}"

    def change_sequel(self):
        return f"UPDATE books SET sequel_of = {self.maybe(self.book())} WHERE isbn = {self.book()}"

    def change_book_category(self):
        return f"UPDATE books SET category = {self.maybe(self.category())} WHERE isbn = {self.book()}"

    def rekey_book(self):
        return f"UPDATE books SET isbn = {self.word()} WHERE isbn = {self.book()}"

    def delete_book(self):
        return f"DELETE FROM books WHERE isbn = {self.book()}"

    def new_author(self):
        return f"""INSERT INTO book_authors VALUES ({self.book()}, {self.person()}, {self.number(1, 4)},
            {self.one_of('author', 'editor', 'illustrator')})"""

    def change_author(self):
        change = self.random.choice((f"position = {self.number(1, 4)}", f"role = {self.one_of('author', 'editor')}"))
        return f"UPDATE book_authors SET {change} WHERE (isbn, person_id) = ({self.author()})"

    def move_author(self):
        change = self.random.choice((f"isbn = {self.book()}", f"person_id = {self.person()}"))
        return f"UPDATE book_authors SET {change} WHERE (isbn, person_id) = ({self.author()})"

    def delete_author(self):
        return f"DELETE FROM book_authors WHERE (isbn, person_id) = ({self.author()})"

    def new_translator(self):
        return f"INSERT INTO book_translators VALUES ({self.book()}, {self.person()})"

    def move_translator(self):
        change = self.random.choice((f"isbn = {self.book()}", f"person_id = {self.person()}"))
        return f"UPDATE book_translators SET {change} WHERE (isbn, person_id) = ({self.translator()})"

    def delete_translator(self):
        return f"DELETE FROM book_translators WHERE (isbn, person_id) = ({self.translator()})"

    def new_copy(self):
        return f"INSERT INTO copies VALUES ({self.number(1, 10**15)}, {self.book()}, {self.word()})"

    def change_copy(self):
        change = self.random.choice((f"branch = {self.word()}", f"shelf = {self.word()}"))
        return f"UPDATE copies SET {change} WHERE barcode = {self.copy()}"

    def move_copy(self):
        return f"UPDATE copies SET isbn = {self.book()} WHERE barcode = {self.copy()}"

    def rekey_copy(self):
        return f"UPDATE copies SET barcode = {self.number(1, 10**15)} WHERE barcode = {self.copy()}"

    def delete_copy(self):
        return f"DELETE FROM copies WHERE barcode = {self.copy()}"

    def new_loan(self):
        return f"INSERT INTO loans (barcode, lent, reminded) VALUES ({self.copy()}, {self.period()}, {self.maybe(self.time())})"

    def change_loan(self):
        change = self.random.choice((f"lent = {self.period()}", f"reminded = {self.maybe(self.time())}"))
        return f"UPDATE loans SET {change} WHERE id = {self.loan()}"

    def move_loan(self):
        return f"UPDATE loans SET barcode = {self.copy()} WHERE id = {self.loan()}"

    def delete_loan(self):
        return f"DELETE FROM loans WHERE id = {self.loan()}"

    def swap_two_books(self):
        """Their copies and titles, in one transaction."""
        one, other = self.book(), self.book()
        return f"""UPDATE copies SET isbn = CASE isbn WHEN {one} THEN {other} ELSE {one} END WHERE isbn IN ({one}, {other});
            UPDATE books b SET title = (SELECT title FROM books o WHERE o.isbn = CASE b.isbn WHEN {one} THEN {other} ELSE {one} END)
            WHERE isbn IN ({one}, {other})"""

    def truncate(self):
        return f"TRUNCATE {self.random.choice(('loans', 'book_authors', 'book_translators'))}"


class Library(Example, unittest.TestCase):
    name = "library"
    documents = DOCUMENTS
    changes_type = LibraryChanges

    def test_5_host_killed_amid_changes(self):
        run = [self.changes.step() for _ in range(20)]
        self.world.host.kill()
        run += [self.changes.step() for _ in range(20)]
        self.world.host.start()
        self.follows(run)
