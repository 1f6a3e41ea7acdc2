"""What the documents should be: a tree evaluated in Python over all rows, without any of the product's SQL.

PostgreSQL only writes the single values (to_json, in UTC) and says how those of a column sort.
"""

import base64
import json
import re
from decimal import Decimal

from random_schema import quoted
from random_values import DOMAINS


class Row(dict):
    """Values by column as parsed JSON; `ranks`: where each value sorts among those of its column."""
    ranks = {}


def read_tables(session, tables):
    """All rows by table, from one snapshot."""
    session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL intervalstyle = iso_8601")
    rows = {id(table): _read(session, table) for table in tables}
    session.run("COMMIT")
    return rows


def _read(session, table):
    values = ", ".join(f"to_json(t.{quoted(column.name)})" for column in table.columns)
    ranks = ", ".join(f"dense_rank() OVER (ORDER BY t.{quoted(column.name)})" if column.type.ordered else "0"
                      for column in table.columns)
    lines = session.run(f"SELECT translate(json_build_array(json_build_array({values}), json_build_array({ranks}))::text,"
                        f" E'\\r\\n', '  ') FROM {table.sql} t")
    return [_row(table, *json.loads(line, parse_float=Decimal)) for line in lines]


def _row(table, values, ranks):
    names = [column.name for column in table.columns]
    row = Row((column.name, _as_documented(column.type.sql, value)) for column, value in zip(table.columns, values))
    row.ranks = dict(zip(names, ranks))
    return row


def _as_documented(type, value):
    """What the plugin's README says of values that are not just to_json."""
    type = DOMAINS.get(type, type)
    if value is None:
        return None
    if isinstance(value, list) and type.endswith("[]"):
        return [_as_documented(type if isinstance(item, list) else type[:-2], item) for item in value]
    if type == "bytea":
        return base64.b64encode(bytes.fromhex(value.removeprefix("\\x"))).decode()
    if type.startswith("character("):
        return value.rstrip(" ")
    if type == "money":
        return Decimal(re.sub("[^0-9.-]", "", value))
    if type.startswith(("numeric", "real", "double")) and isinstance(value, str):
        return None  # NaN and infinities
    if type == "date" or type.startswith("timestamp"):
        return _iso_year(value)
    return value


def _iso_year(text):
    """ISO 8601 has a year 0, which is 1 BC, and a sign before years below that and above 9999."""
    if text in ("infinity", "-infinity"):
        return None
    year, rest = text.split("-", 1)
    if rest.endswith(" BC"):
        return f"{1 - int(year):05d}-{rest.removesuffix(' BC')}" if int(year) > 1 else f"0000-{rest.removesuffix(' BC')}"
    return f"+{text}" if len(year) > 4 else text


def documents(root, rows):
    """By id."""
    evaluator = _Evaluator(rows)
    return dict(evaluator.documents(root))


class _Evaluator:
    def __init__(self, rows):
        self.rows = rows
        self.indexes = {}

    def documents(self, root):
        for row in self.rows[id(root.table)]:
            around = {root.alias: row}
            if any(row[name] is None for name in root.key) or not _holds(root.where, around):
                continue
            yield document_id(root, row), self.members(root, row, None, around)

    def members(self, node, row, link_row, around):
        out = {field.name: self.summary(field.summary, around) if field.summary else _value(field, row, around)
               for field in node.fields}
        if node.link:
            out |= {field.name: _value(field, link_row, around) for field in node.link.fields}
        return out | {child.name: self.child(child, row, around) for child in node.children}

    def summary(self, summary, around):
        rows = [row for row in self.find(summary.table, summary.on, around[summary.alias]) if row[summary.column] is not None]
        values = [row[summary.column] for row in rows]
        if summary.function == "count":
            return len(values)
        if not rows:
            return None
        if summary.function == "sum":
            return sum(values)
        choose = min if summary.function == "min" else max
        return choose(rows, key=lambda row: row.ranks[summary.column])[summary.column]

    def child(self, node, parent, around):
        found = [(row, link_row, rows) for row, link_row, rows in self.related(node, parent, around)
                 if _holds(node.where, rows)]
        for term in reversed(node.order):  # the last first, as sorting keeps the order of equals
            found.sort(key=lambda item: item[1 if term.of_link else 0].ranks[term.column], reverse=term.descending)
        if node.is_object:
            found = found[:1]
        elif node.limit:
            found = found[:node.limit]
        items = [self.item(node, *item) for item in found]
        return (items[0] if items else None) if node.is_object else items

    def item(self, node, row, link_row, around):
        return _value(node.fields[0], row, around) if node.scalar else self.members(node, row, link_row, around)

    def related(self, node, parent, around):
        if not node.link:
            for row in self.find(node.table, node.on, parent):
                yield row, None, around | {node.alias: row}
            return
        link = node.link
        for link_row in self.find(link.table, link.parent, parent):
            for row in self.find(node.table, [(theirs, ours) for ours, theirs in link.child], link_row):
                rows = around | {node.alias: row, link.alias: link_row}
                if _holds(link.where, rows):
                    yield row, link_row, rows

    def find(self, table, pairs, other):
        """Rows of `table` whose first columns of the pairs equal the second ones of `other`."""
        columns = tuple(column for column, _ in pairs)
        wanted = tuple(other[column] for _, column in pairs)
        return [] if None in wanted else self.index(table, columns).get(wanted, [])

    def index(self, table, columns):
        if (id(table), columns) not in self.indexes:
            index = self.indexes[id(table), columns] = {}
            for row in self.rows[id(table)]:
                index.setdefault(tuple(row[column] for column in columns), []).append(row)
        return self.indexes[id(table), columns]


def _holds(condition, rows):
    return condition is None or condition.evaluate(rows)


def _value(field, row, rows):
    if field.column is not None:
        return row[field.column]
    return field.expression.evaluate(rows) if field.expression else field.constant


def document_id(root, row):
    parts = [_key_text(row[name]) for name in root.key]
    if len(parts) == 1:
        return parts[0]
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def _key_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
