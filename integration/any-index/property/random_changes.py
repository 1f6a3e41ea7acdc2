"""Random transactions of several sessions. Which they are follows from the random numbers alone: one thread drives all
sessions, and a statement that would wait for another session's lock fails soon."""

from random_schema import quoted, quoted_list

SESSIONS = 3
MOST_ROWS = 50  # of a table; inserts stop there
FEWEST_ROWS = 12  # deletes stop there


class _Statements:
    """Random statements on a schema. Rows are picked by hashes of their text."""

    def __init__(self, rng, tables):
        self.rng = rng
        self.tables = tables
        self.weights = [1 + 2 * len(table.foreign_keys) for table in tables]

    def any(self):
        rng = self.rng
        (table,) = rng.choices(self.tables, self.weights)
        (make,) = rng.choices([self.insert, self.update, self.update_reference, self.update_key, self.update_some,
                               self.delete, self.delete_some, self.truncate],
                              [40, 30, 16, 5, 4, 14, 2, 0.2])
        return make(table)

    def hash(self, alias):
        return f"md5({alias}::text || '{self.rng.random()}')"

    def picked(self, table, alias="p"):
        """A condition that one row meets."""
        return (f"ctid = (SELECT ctid FROM {table.sql} {alias} ORDER BY "
                f"{self.hash(alias) if self.rng.random() < 0.9 else alias + '::text'} LIMIT 1)")

    def references(self, table, keys):
        """FROM items with a row of each referred table, and the expressions that refer to it."""
        sources, values = [], {}
        for number, key in enumerate(keys):
            nullable = [name for name in key.columns if table.column(name).nullable]
            if nullable and self.rng.random() < 0.2:
                values |= {name: "NULL" for name in (nullable if self.rng.random() < 0.8 else nullable[:1])}
                continue
            order = self.hash("r") if self.rng.random() < 0.8 else "r::text"  # the latter: the same row again and again
            sources.append(f"(SELECT * FROM {key.target.sql} r ORDER BY {order} LIMIT 1) r{number}")
            values |= {column: f"r{number}.{quoted(reference)}" for column, reference in key.pairs
                       if column not in values}
        return sources, values

    def value(self, column):
        return "NULL" if column.nullable and self.rng.random() < 0.15 else column.type.draw(self.rng)

    def insert(self, table):
        rng = self.rng
        sources, values = self.references(table, table.foreign_keys)
        numbered = rng.random() < 0.5  # by the identity column
        for column in table.columns:
            if column.name not in values and not (column.identity and numbered) and not column.computed_from:
                values[column.name] = self.value(column)
        rows = f"generate_series(1, {rng.choice([1, 1, 1, 5])}) i"
        joins = "".join(f" LEFT JOIN {source} ON true" for source in sources)  # nulls where there is nobody to refer to
        conflict = " ON CONFLICT DO NOTHING" if rng.random() < 0.7 else ""
        typed = ", ".join(f"{value}::{table.column(name).type.sql}" for name, value in values.items())
        return (f"INSERT INTO {table.sql} ({quoted_list(values)}) SELECT {typed} FROM {rows}{joins} "
                f"WHERE (SELECT count(*) FROM {table.sql}) < {MOST_ROWS}{conflict}")

    def assignments(self, columns):
        return ", ".join(f"{quoted(column.name)} = ({self.value(column)})::{column.type.sql}" for column in columns)

    def plain_columns(self, table):
        taken = {name for key in [table.primary_key, *(key.columns for key in table.foreign_keys)] for name in key}
        return [column for column in table.columns if column.name not in taken and not column.computed_from]

    def update(self, table):
        columns = self.plain_columns(table)
        if not columns:
            return self.update_reference(table)
        chosen = self.rng.sample(columns, self.rng.randint(1, min(3, len(columns))))
        return f"UPDATE {table.sql} SET {self.assignments(chosen)} WHERE {self.picked(table)}"

    def update_some(self, table):
        columns = self.plain_columns(table)
        if not columns:
            return self.update_reference(table)
        return (f"UPDATE {table.sql} t SET {self.assignments([self.rng.choice(columns)])} "
                f"WHERE {self.hash('t')} < '{self.rng.choice('248')}'")

    def update_reference(self, table):
        """Moves a row to another parent."""
        if not table.foreign_keys:
            return self.update_key(table)
        sources, values = self.references(table, [self.rng.choice(table.foreign_keys)])
        sets = ", ".join(f"{quoted(name)} = {value}" for name, value in values.items())
        source = f" FROM {', '.join(sources)}" if sources else ""
        return f"UPDATE {table.sql} t SET {sets}{source} WHERE t.{self.picked(table)}"

    def update_key(self, table):
        key = self.rng.choice(table.unique_keys) if table.unique_keys else table.foreign_keys[0].columns
        own = [table.column(name) for name in key]
        return f"UPDATE {table.sql} SET {self.assignments([self.rng.choice(own)])} WHERE {self.picked(table)}"

    def delete(self, table):
        return (f"DELETE FROM {table.sql} WHERE {self.picked(table)} "
                f"AND (SELECT count(*) FROM {table.sql}) > {FEWEST_ROWS}")

    def delete_some(self, table):
        return (f"DELETE FROM {table.sql} t WHERE {self.hash('t')} < '4' "
                f"AND (SELECT count(*) FROM {table.sql}) > {FEWEST_ROWS}")

    def single_columns(self, most):
        """Statements that change one column alone, in all rows; of so many columns."""
        places = [(table, column) for table in self.tables for column in self.plain_columns(table)]
        for table, column in self.rng.sample(places, min(most, len(places))):
            yield f"UPDATE {table.sql} SET {self.assignments([column])}"

    def truncate(self, table):
        return f"TRUNCATE {table.sql} CASCADE"


class Traffic:
    """`step()` sends one statement or one whole transaction; `finish()` ends what is open."""

    def __init__(self, rng, tables, sessions):
        self.rng = rng
        self.statements = _Statements(rng, tables)
        self.sessions = sessions
        self.open = dict.fromkeys(sessions, False)  # whether a transaction is
        self.saved = dict.fromkeys(sessions, False)  # whether it has a savepoint
        self.sent = self.refused = 0
        for session in sessions:
            session.run("\\set ON_ERROR_STOP 0\nSET lock_timeout = '100ms'")

    def fill(self, tables, rows):
        for _ in range(rows):
            for table in tables:
                self.send(self.sessions[0], self.statements.insert(table))

    def step(self):
        rng = self.rng
        session = rng.choice(self.sessions)
        if self.open[session]:
            self.go_on(session)
        elif rng.random() < 0.2:
            self.open[session] = True
            level = rng.choice(["", "", " ISOLATION LEVEL REPEATABLE READ", " ISOLATION LEVEL SERIALIZABLE"])
            self.attempt(session, f"BEGIN{level}; {self.statements.any()}")
        elif rng.random() < 0.25:
            self.send(session, self.transaction())
        else:
            self.send(session, self.statements.any())

    def go_on(self, session):
        rng, chance = self.rng, self.rng.random()
        if chance < 0.3:
            self.end(session, rng.choice(["COMMIT", "COMMIT", "COMMIT", "ROLLBACK"]))
        elif chance < 0.4:
            self.saved[session] = True
            self.attempt(session, f"SAVEPOINT s; {self.statements.any()}")
        elif chance < 0.5 and self.saved[session]:
            self.send(session, "ROLLBACK TO SAVEPOINT s")
        else:
            self.attempt(session, self.statements.any())

    def attempt(self, session, sql):
        """Goes back to where the transaction can go on from."""
        if not self.send(session, sql):
            if self.saved[session]:
                self.send(session, "ROLLBACK TO SAVEPOINT s")
            else:
                self.end(session, "ROLLBACK")

    def end(self, session, how):
        self.send(session, how)
        self.open[session] = self.saved[session] = False

    def transaction(self):
        parts = [self.statements.any() for _ in range(self.rng.randint(1, 4))]
        if self.rng.random() < 0.3:
            parts = ["SAVEPOINT s", *parts, "ROLLBACK TO SAVEPOINT s", self.statements.any()]
        return "; ".join(["BEGIN", *parts, "COMMIT" if self.rng.random() < 0.85 else "ROLLBACK"])

    def change_single_columns(self, most):
        """One with each step, for whoever goes over them."""
        for sql in self.statements.single_columns(most):
            yield self.send(self.sessions[0], sql)

    def finish(self):
        for session in self.sessions:
            self.end(session, "COMMIT")

    def send(self, session, sql):
        """Whether all of it succeeded."""
        self.sent += 1
        failed = any(line.startswith("ERROR:") for line in session.run(sql))
        self.refused += failed
        return not failed
