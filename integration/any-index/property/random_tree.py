"""A random document tree over a schema, both as the pipeline's configuration and as Python can evaluate it."""

from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from random_schema import Table, quoted

DEPTH = 4
MEMBER_NAMES = ["kids", "Owner", "line items", "größe", "the select", "item", "document", "日本", "it's", "found", "value", "k1"]


@dataclass
class Expression:
    """`evaluate(rows)` takes the rows around it by their names in SQL."""
    sql: str
    evaluate: Callable


@dataclass
class Summary:
    """Of a column in all rows of a table that are related to the row of `alias`: a correlated subquery."""
    function: str  # sum, min, max or count
    table: Table
    column: str
    on: list  # (its column, the column of the other row)
    alias: str

    @property
    def sql(self):
        related = " AND ".join(f"s.{quoted(ours)} = {quoted(self.alias)}.{quoted(theirs)}" for ours, theirs in self.on)
        return f"(SELECT {self.function}(s.{quoted(self.column)}) FROM {self.table.sql} s WHERE {related})"


@dataclass
class Field:
    """One of: a column, an expression, a summary, a constant."""
    name: str
    column: Optional[str] = None
    expression: Optional[Expression] = None
    summary: Optional[Summary] = None
    constant: Any = None

    @property
    def config(self):
        if self.column is not None:
            return self.column if self.column == self.name else {"column": self.column, "as": self.name}
        if self.expression is not None:
            return {"sql": self.expression.sql, "as": self.name}
        if self.summary is not None:
            return {"sql": self.summary.sql, "as": self.name}
        return {"value": self.constant, "as": self.name}


@dataclass
class OrderTerm:
    column: str
    of_link: bool = False  # a column of the junction
    descending: bool = False


@dataclass
class Link:
    """A junction."""
    table: Table
    alias: str
    parent: list  # (its column, the parent's column)
    child: list   # (its column, the child's column)
    fields: list = field(default_factory=list)
    where: Optional[Expression] = None


@dataclass
class Node:
    table: Table
    name: str
    alias: str  # in SQL
    on: list = field(default_factory=list)  # (its column, the parent's column)
    link: Optional[Link] = None
    key: list = field(default_factory=list)
    fields: list = field(default_factory=list)
    where: Optional[Expression] = None
    order: list = field(default_factory=list)
    limit: Optional[int] = None
    is_object: bool = False
    scalar: bool = False
    children: list = field(default_factory=list)
    config: dict = field(default_factory=dict)


@dataclass
class Relation:
    """A way from one table to another: direct (`on`) or by a junction."""
    target: Table
    on: list = field(default_factory=list)
    junction: Optional[Table] = None
    parent: list = field(default_factory=list)
    child: list = field(default_factory=list)
    loose: bool = False  # by columns that are no key of either


def flipped(pairs):
    return [(b, a) for a, b in pairs]


class _Maker:
    def __init__(self, rng, tables):
        self.rng = rng
        self.tables = tables
        self.nodes_left = rng.randint(3, 8)
        self.computes = rng.random() < 0.6  # without expressions, changes of unused columns can be passed over
        self.loose_left = 1

    # Relations

    def relations_of(self, table):
        out = []
        for other in self.tables:
            for key in other.foreign_keys:
                if key.target is table:
                    out.append(Relation(other, on=key.pairs))
                    out += [Relation(far.target, junction=other, parent=key.pairs, child=far.pairs)
                            for far in other.foreign_keys if far is not key]
        out += [Relation(key.target, on=flipped(key.pairs)) for key in table.foreign_keys]
        return out

    def loose_relations_of(self, table):
        """By any two columns of one type."""
        joinable = {"integer", "text", "boolean", "\"Some state\"", "character varying(20)", "bigint", "uuid"}
        return [Relation(other, on=[(theirs.name, ours.name)], loose=True)
                for other in self.tables for theirs in other.columns for ours in table.columns
                if not theirs.computed_from  # no change event has it
                and theirs.type.sql == ours.type.sql and ours.type.sql in joinable]

    def keys_between(self, a, b):
        return ([key for key in a.foreign_keys if key.target is b]
                + [key for key in b.foreign_keys if key.target is a and a is not b])

    # Nodes

    def make(self):
        candidates = [table for table in self.tables if table.unique_keys and self.relations_of(table)]
        table = self.rng.choice(candidates or [table for table in self.tables if table.unique_keys])
        root = Node(table, table.name, table.name)
        root.key = table.primary_key or table.unique[0]
        usable = [key for key in table.unique if not any(table.column(name).nullable for name in key)]
        if usable and (not table.primary_key or self.rng.random() < 0.25):
            root.key = self.rng.choice(usable)
        root.config["table"] = table.config
        if root.key != table.primary_key:
            root.config["key"] = root.key if len(root.key) > 1 or self.rng.random() < 0.5 else root.key[0]
        around = {root.alias: table}
        root.where = self.maybe_condition(around, root.alias, 0.3)
        self.fill(root, around, 0)
        if self.computes and self.rng.random() < 0.5:
            self.add_summary(root)
        return root

    def add_summary(self, root):
        """A member of the root that reads the table of a child once more, with a column that the child need not list: as the
        table is in the tree, its changes lead to the documents without `watch`."""
        choices = [(child, column) for child in root.children if child.on
                   for column in child.table.columns if column.type.kind in ("int", "text")]
        if not choices:
            return
        unlisted = [(child, column) for child, column in choices if "columns" in child.config
                    and column.name not in {field.column for field in child.fields} | child.table.key_columns]
        child, column = self.rng.choice(unlisted or choices)
        function = self.rng.choice(["min", "max", "count", *(["sum"] * 2 if column.type.kind == "int" else [])])
        root.fields.append(Field("of all", summary=Summary(function, child.table, column.name, child.on, root.alias)))
        root.config["columns"] = [field.config for field in root.fields]

    def fill(self, node, around, depth):
        """Fields, children and the configuration of a node whose relation is settled."""
        children = self.make_children(node, around, depth)
        self.make_fields(node, around, {child.name for child in children})
        node.children = children
        if children:
            node.config["children"] = [child.config for child in children]
        if node.where:
            node.config["where"] = node.where.sql

    def make_children(self, node, around, depth):
        children = []
        wanted = self.rng.randint(1, 3) if depth == 0 else self.rng.choice([0, 1, 1, 2])
        for _ in range(wanted if depth + 1 < DEPTH else 0):
            if self.nodes_left == 0:
                break
            relations = self.relations_of(node.table)
            if (self.loose_left and self.rng.random() < 0.15) or not relations:
                relations = self.loose_relations_of(node.table) if self.loose_left else []
            relations = [relation for relation in relations if self.can_be_ordered(relation.target)]
            if relations:
                self.nodes_left -= 1
                children.append(self.make_child(self.rng.choice(relations), node, around, depth + 1,
                                                {child.name for child in children}))
        return children

    def can_be_ordered(self, table):
        return bool(table.primary_key) or any(
            not any(table.column(name).nullable for name in key) for key in table.unique)

    def make_child(self, relation, parent, around, depth, siblings):
        rng, table = self.rng, relation.target
        self.loose_left -= relation.loose
        names = [name for name in [table.name, *MEMBER_NAMES] if name not in siblings]
        name = names[0] if rng.random() < 0.5 else rng.choice(names)
        around = dict(around)
        node = Node(table, name, self.take_alias(name, table, around))
        node.config["table"] = table.config
        if name != table.name or rng.random() < 0.3:
            node.config["name"] = name
        self.set_key(node)
        if relation.junction:
            self.set_link(node, relation, parent, around)
        else:
            self.set_on(node, relation, parent)
        self.set_shape(node, relation)
        node.where = self.maybe_condition(around, node.alias, 0.25)
        self.fill(node, around, depth)
        self.set_order(node)
        return node

    def take_alias(self, name, table, around):
        """The name in SQL: the member's, numbered where a table around has it already."""
        alias, n = name, 1
        while alias in around:
            n += 1
            alias = f"{name}_{n}"
        around[alias] = table
        return alias

    def set_key(self, node):
        node.key = node.table.primary_key
        if not node.key:
            node.key = next(key for key in node.table.unique
                            if not any(node.table.column(name).nullable for name in key))
            node.config["key"] = node.key

    def set_on(self, node, relation, parent):
        node.on = relation.on
        known = self.keys_between(node.table, parent.table)
        leads_back = not parent.link and sorted(node.on) == sorted(flipped(parent.on))
        derived = len(known) == 1 and node.table is not parent.table and not relation.loose and not leads_back
        if not derived or self.rng.random() < 0.4:
            node.config["on"] = dict(node.on)

    def set_link(self, node, relation, parent, around):
        rng, junction = self.rng, relation.junction
        alias = self.take_alias(junction.name, junction, around)
        link = node.link = Link(junction, alias, relation.parent, relation.child)
        config = {"table": junction.config}
        back = parent.link and parent.link.table is junction and parent.link.child == link.parent
        for side, table, pairs in (("parent", parent.table, link.parent), ("child", node.table, link.child)):
            only = len([key for key in junction.foreign_keys if key.target is table]) == 1
            if not only or back or rng.random() < 0.4:
                config[side] = dict(pairs)
        link.where = self.maybe_condition(around, alias, 0.15)
        if link.where:
            config["where"] = link.where.sql
        node.config["through"] = junction.config if len(config) == 1 and rng.random() < 0.7 else config

    def set_shape(self, node, relation):
        rng = self.rng
        single = not node.link and any(set(key) == {column for column, _ in node.on} for key in node.table.unique_keys)
        # What follows from the relation is left out at times; where it is not plain, it is named.
        plain = single or (not node.table.is_unique([column for column, _ in node.on]) and not (
            node.link and node.link.table.is_unique([column for column, _ in node.link.parent])))
        node.is_object = single if rng.random() < 0.7 else rng.random() < 0.3
        if not plain or node.is_object != single or rng.random() < 0.2:
            node.config["type"] = "object" if node.is_object else "array"

    # Members

    def make_fields(self, node, around, taken):
        rng = self.rng
        columns = [column.name for column in node.table.columns]
        if not node.children and taken == set() and node.name and node.on + ([node.link] if node.link else []) \
                and rng.random() < 0.12 and not isinstance(node.config.get("through"), dict):
            node.scalar = node.config["scalar"] = True
            node.fields = [self.random_field(node, around, "v")]
            node.config["columns"] = [node.fields[0].config]
            return
        if rng.random() < 0.25 and not taken & set(columns):
            node.fields = [Field(name, column=name) for name in columns]
        else:
            names = set(taken)
            for _ in range(rng.randint(1, 5)):
                field = self.random_field(node, around, f"m{len(names)}")
                if field.name not in names:
                    names.add(field.name)
                    node.fields.append(field)
            if not node.fields:
                node.fields = [Field("const_", constant=0)]
            node.config["columns"] = [field.config for field in node.fields]
        if node.link and isinstance(node.config["through"], dict) and rng.random() < 0.6:
            self.make_link_fields(node.link, {field.name for field in node.fields} | taken)
            node.config["through"]["columns"] = [field.config for field in node.link.fields]

    def random_field(self, node, around, fresh_name):
        rng, shape = self.rng, self.rng.random()
        column = rng.choice(node.table.columns).name
        if shape < 0.65:
            return Field(column, column=column)
        if shape < 0.75:
            return Field(fresh_name, column=column)
        expression = self.random_expression(around, node.alias) if shape < 0.92 and self.computes else None
        if expression:
            return Field(fresh_name, expression=expression)
        return Field(fresh_name, constant=rng.choice([1, "1", "text", True, None, 1.5, [1, "a"], {"a": {"b": None}}, "it's \\ \"x\""]))

    def make_link_fields(self, link, taken):
        for column in self.rng.sample(link.table.columns, self.rng.randint(1, min(3, len(link.table.columns)))):
            name = column.name if column.name not in taken else f"link {len(link.fields)}"
            link.fields.append(Field(name, column=column.name))

    # Expressions and conditions that Python can evaluate too

    def operand(self, around, alias, kind):
        """A column of that kind of this table or, at times, of one around it: its SQL, and how to read it."""
        if self.rng.random() < 0.2:
            alias = self.rng.choice(list(around))
        columns = [column.name for column in around[alias].columns if column.type.kind == kind]
        if not columns:
            return None
        column = self.rng.choice(columns)
        return f"{quoted(alias)}.{quoted(column)}", lambda rows: rows[alias][column]

    def random_expression(self, around, alias):
        rng = self.rng
        text, other, number = (self.operand(around, alias, kind) for kind in ("text", "text", "int"))
        choices = []
        if text:
            sql, read = text
            choices += [Expression(f"{sql} || 'é'", lambda rows: None if read(rows) is None else read(rows) + "é"),
                        Expression(f"coalesce({sql}, 'none')", lambda rows: "none" if read(rows) is None else read(rows)),
                        Expression(f"length({sql})", lambda rows: None if read(rows) is None else len(read(rows)))]
            if other:
                choices.append(Expression(
                    f"concat_ws('/', {sql}, {other[0]})",
                    lambda rows: "/".join(value for value in (read(rows), other[1](rows)) if value is not None)))
        if number:
            sql_n, read_n = number
            choices += [Expression(f"{sql_n} + 1", lambda rows: None if read_n(rows) is None else read_n(rows) + 1),
                        Expression(f"{sql_n} IS NULL", lambda rows: read_n(rows) is None),
                        Expression(f"json_build_object('n', {sql_n})", lambda rows: {"n": read_n(rows)})]
        return rng.choice(choices) if choices else None

    def maybe_condition(self, around, alias, chance):
        if self.rng.random() >= chance or not self.computes:
            return None
        number, text = self.operand(around, alias, "int"), self.operand(around, alias, "text")
        choices = []
        if number:
            sql, read = number
            choices += [Expression(f"{sql} > 1", lambda rows: read(rows) is not None and read(rows) > 1),
                        Expression(f"{sql} IS NOT NULL", lambda rows: read(rows) is not None),
                        Expression(f"({sql} <> 2) IS NOT FALSE", lambda rows: read(rows) != 2)]
        if text:
            sql_t, read_t = text
            choices += [Expression(f"{sql_t} <> 'a'", lambda rows: read_t(rows) not in (None, "a")),
                        Expression(f"{sql_t} IS NULL OR {sql_t} LIKE '%b%'",
                                   lambda rows: read_t(rows) is None or "b" in read_t(rows))]
        return self.rng.choice(choices) if choices else None

    # Order

    def set_order(self, node):
        """Always one order in which no two different items are equal: by default the key's, and then the link's."""
        rng, link = self.rng, node.link
        repeats = link and not link.table.is_unique([column for column, _ in link.parent + link.child])
        if rng.random() < 0.4 or (repeats and not link.table.primary_key):
            pool = [column.name for column in node.table.columns if column.type.ordered and column.name not in node.key]
            first = rng.sample(pool, min(len(pool), rng.choice([0, 1, 1, 2])))
            node.order = [OrderTerm(name, False, rng.random() < 0.5) for name in [*first, *node.key]]
            if repeats:
                names = link.table.primary_key or [c.name for c in link.table.columns if c.type.ordered]
                node.order += [OrderTerm(name, True, rng.random() < 0.5) for name in names]
            node.config["order_by"] = [self.order_config(node, term) for term in node.order]
        else:
            node.order = [OrderTerm(name) for name in node.key]
            if repeats:
                node.order += [OrderTerm(name, True) for name in link.table.primary_key]
        if not node.is_object and rng.random() < 0.25:
            node.limit = node.config["limit"] = rng.randint(1, 4)

    def order_config(self, node, term):
        direction = {"direction": "desc"} if term.descending else {}
        if term.of_link:
            return {"sql": f"{quoted(node.link.alias)}.{quoted(term.column)}", **direction}
        if self.computes and self.rng.random() < 0.2:
            return {"sql": f"{quoted(node.alias)}.{quoted(term.column)}", **direction}
        return {"column": term.column, **direction} if direction or self.rng.random() < 0.3 else term.column


def random_tree(rng, tables):
    return _Maker(rng, tables).make()


def nodes_of(node):
    yield node
    for child in node.children:
        yield from nodes_of(child)
