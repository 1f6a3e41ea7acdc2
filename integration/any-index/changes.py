"""Random transactions: the same for the same seed and the same schema."""

import random
import string
import uuid

from psql import DatabaseError, literal


class Changes:
    """Subclasses have methods that give one statement each, and in `kinds` their names with how often they come,
    relatively. What begins with `new_` adds a row."""

    kinds = {}

    def __init__(self, session, seed):
        self.session = session
        self.random = random.Random(seed)
        self.refused = 0
        self.answer = []  # of what was run last; empty if it was refused

    def grow(self, count):
        """Adds rows. Returns what was run, as the others do."""
        return [self._run(self._statement("new_")) for _ in range(count)]

    def kinds_in_random_order(self):
        return self.random.sample(list(self.kinds), len(self.kinds))

    def surely(self, kind, attempts=20):
        """One statement of this kind. If it was refused or touched no row, others with new choices, after adding rows, until
        one does; AssertionError if none did. Returns what was run."""
        run = []
        for _ in range(attempts):
            sql = getattr(self, kind)()
            run.append(self._run(f"BEGIN; {sql}; SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS touched; COMMIT"))
            if self.answer == ["t"]:
                return run
            run += self.grow(10)
        raise AssertionError(f"{attempts} times {kind} took no effect:\n  " + "\n  ".join(run[::11]))

    def step(self):
        """One transaction, of one statement or several, some of which are rolled back. The database may refuse it, for
        a constraint, and then it changes nothing."""
        count = self.random.choice((1, 1, 1, 1, 2, 4))
        statements = [self._statement() for _ in range(count)]
        if count > 1:
            if self.random.random() < 0.2:
                statements[-1] = f"SAVEPOINT half; {statements[-1]}; ROLLBACK TO half"
            end = "ROLLBACK" if self.random.random() < 0.15 else "COMMIT"
            statements = ["BEGIN", *statements, end]
        return self._run("; ".join(statements))

    def _statement(self, prefix=""):
        kinds = {name: weight for name, weight in self.kinds.items() if name.startswith(prefix)}
        (name,) = self.random.choices(*zip(*kinds.items()))
        return getattr(self, name)()

    def _run(self, sql):
        try:
            self.answer = self.session.run(sql)
        except DatabaseError as error:
            self.refused += 1
            self.answer = []
            return f"{sql} -- refused: {error}"
        return sql

    # Words of statements

    def row(self, table, *columns, where="true"):
        """These columns of a row of the table, as literals with commas between; of no row they are NULL."""
        list_ = " || ', ' || ".join(f"quote_nullable({column}::text)" for column in columns)
        rows = self.session.run(f"SELECT {list_} FROM {table} WHERE {where} ORDER BY 1")
        return self.random.choice(rows) if rows else ", ".join(["NULL"] * len(columns))

    def word(self):
        """Text, now and then awkward."""
        plain = "".join(self.random.choices(string.ascii_lowercase, k=8))
        return literal(plain + self.random.choice(["", "", "", " \"quoted\" 'too'", " back\\slash", " Ümläut 漢字 🦉", "\ttab"]))

    def number(self, low, high):
        return str(self.random.randint(low, high))

    def decimal(self, digits, scale):
        """A number with up to `digits` digits before the point and `scale` after it."""
        return f"{self.random.randrange(10 ** self.random.randint(1, digits))}.{self.random.randrange(10 ** scale):0{scale}}"

    def one_of(self, *values):
        """A literal, or NULL for None."""
        value = self.random.choice(values)
        return "NULL" if value is None else literal(str(value))

    def time(self):
        r = self.random.randrange
        return f"'2026-{r(1, 13):02}-{r(1, 29):02} {r(24):02}:{r(60):02}:{r(60):02}.{r(1000000):06}+{r(3):02}'"

    def date(self):
        return f"'20{self.random.randrange(10, 27)}-{self.random.randrange(1, 13):02}-{self.random.randrange(1, 29):02}'"

    def uuid(self):
        return literal(str(uuid.UUID(int=self.random.getrandbits(128), version=4)))
