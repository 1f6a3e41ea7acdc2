"""PostgreSQL types, and random values of them as SQL."""

from typing import Callable, NamedTuple

from psql import literal

WORDS = ["a", "b", "B", "ab", "Zebra", "x y", "null", "42"]
STRANGE = ["", " ", "a|b", "back\\slash", "quo\"te", "it''s", "{a,b}", "été", "ß", "日本", "😀", "tab\tnl\n", "\u2028", "\x01",
           "</script>", "${HOME}", "$1", "%s", "NULL"]
KEY_WORDS = ["a", "A", "b|c", "b", "c|", "\\", "\\|", "NULL", "null", "{x}", "x,y", "q\"t", "it's", "é", "日本", "😀", " lead", "0",
             "007", "true", "-", "a b", "ß", "//", "%2F", "?q=1", "#", "\u2028", "..", "_doc", "%", "*"]
LABELS = ["new", "in use", "it's", "Ünïcode"]


class Type(NamedTuple):
    """`draw(random)` gives a value as an SQL expression. `kind`: int or text where expressions know it."""
    sql: str
    draw: Callable
    kind: str = ""
    ordered: bool = True


def one_of(*texts):
    return lambda rng: literal(rng.choice(texts))


def words(rng):
    if rng.random() < 0.03:  # long enough to be stored out of line
        return f"(SELECT string_agg(md5(i::text || '{rng.random()}'), '') FROM generate_series(1, 150) i)"
    return literal(rng.choice(WORDS if rng.random() < 0.7 else STRANGE))


INTEGER = Type("integer", lambda rng: str(rng.choice([0, 1, 2, 3, 5, 8, -1])), "int")
TEXT = Type("text", words, "text")
ENUM = Type("\"Some state\"", one_of(*LABELS))
COMPUTED = Type("bigint", None, "int")
DOMAINS = {"\"Some amount\"": "numeric", "\"Some day\"": "date", "\"Some bytes\"": "bytea"}

# What the documents' columns may be, besides keys.
VALUE_TYPES = [
    INTEGER, INTEGER, TEXT, TEXT, ENUM,
    Type("smallint", lambda rng: str(rng.randrange(-3, 4)), "int"),
    Type("bigint", lambda rng: str(rng.choice([0, 7, 2 ** 53 + 1, -2 ** 62, 9223372036854775807]))),
    Type("numeric", one_of("0", "1.50", "-0.001", "12345678901234567890.123456789", "1e40", "NaN")),
    Type("numeric(20,6)", one_of("0", "1.5", "99999999999999.999999", "NaN")),
    Type("numeric(10,0)", one_of("0", "12", "-7")),
    Type("real", one_of("0", "1.5", "3.14159", "1e30", "-1e-30", "NaN", "Infinity")),
    Type("double precision", one_of("0", "0.1", "1e300", "5e-324", "2.5", "-0", "NaN", "-Infinity")),
    Type("boolean", one_of("t", "f")),
    Type("character varying(30)", lambda rng: literal(rng.choice(WORDS)), "text"),
    Type("character(5)", one_of("", "a", "abc", "é")),
    Type("bytea", one_of("", "\\x00", "\\xdeadbeef", "\\x" + "61" * 100)),
    Type("date", one_of("2026-01-24", "1969-12-31", "infinity", "-infinity", "0044-03-15 BC", "12345-06-07")),
    Type("timestamp", one_of("2026-01-24 02:06:07.089", "1900-01-01", "infinity", "2026-06-30 23:59:60")),
    Type("timestamp(0)", one_of("2026-01-24 02:06:07", "-infinity")),
    Type("timestamptz", one_of("2026-01-24 02:06:07.089123+02", "1066-10-14 09:00+00", "infinity", "-infinity")),
    Type("time", one_of("00:00", "12:34:56.789", "24:00")),
    Type("timetz", one_of("02:00+02", "00:00+00")),
    Type("interval", one_of("1 year 2 mons 3 days 04:05:06.7", "-1 day", "-24:00", "1 day", "24:00")),
    Type("uuid", lambda rng: f"md5('{rng.randrange(9)}')::uuid"),
    Type("json", one_of('{"b": 1.0, "a": [1, null, "x"]}', "null", "[]", "\"text\"", '{"n": 12345678901234567890}'),
         ordered=False),
    Type("jsonb", one_of('{"b": 1, "a": {"c": []}}', "null", "1e2", "true", '{"é": "😀"}')),
    Type("inet", one_of("10.0.0.1", "::1", "10.1.2.3/8")),
    Type("cidr", one_of("10.0.0.0/8")),
    Type("macaddr", one_of("08:00:2b:01:02:03")),
    Type("int4range", one_of("[1,5)", "empty", "(,3]")),
    Type("numrange", one_of("[1.5,2.5]", "(,)")),
    Type("tstzrange", one_of("[2026-01-01 00:00+01,)", "empty")),
    Type("int4multirange", one_of("{[1,3),[5,7)}", "{}")),
    Type("integer[]", one_of("{}", "{1,2,NULL}", "{{1,2},{3,4}}")),
    Type("text[]", one_of("{}", "{a,\"b c\",NULL,\"q\\\"\"}")),
    Type("timestamptz[]", one_of("{2026-01-24 00:00+00}")),
    Type("uuid[]", one_of("{}")),
    Type("numeric[]", one_of("{1.50,NaN,NULL}", "{{1},{2}}")),
    Type("double precision[]", one_of("{-Infinity,0.1}")),
    Type("date[]", one_of("{infinity,2026-01-24,NULL}")),
    Type("bytea[]", one_of(r'{"\\xdeadbeef",NULL}', r'{{"\\x"}}')),
    Type("character(3)[]", one_of("{a,\"b \"}")),
    Type("money[]", one_of("{1.5,NULL}")),
    Type("interval[]", one_of("{1 day}", "{24:00}")),
    Type("bit(4)", one_of("1010", "0000")),
    Type("varbit", one_of("1", "")),
    Type("point", one_of("(1,2)", "(-0.5,1e10)"), ordered=False),
    Type("money", one_of("12.34", "0")),
    Type("tsvector", one_of("a:1 b:2", "")),
    Type("xml", one_of("<a>1</a>"), ordered=False),
    Type("\"Some amount\"", one_of("1.50", "NaN")),
    Type("\"Some day\"", one_of("2026-01-24", "infinity")),
    Type("\"Some bytes\"", one_of("\\x00ff")),
]

# What keys may be, and with that the columns of joins.
KEY_TYPES = {
    "smallint": Type("smallint", lambda rng: str(rng.randrange(-5, 50)), "int"),
    "integer": Type("integer", lambda rng: str(rng.randrange(-5, 50)), "int"),
    "bigint": Type("bigint", lambda rng: str(rng.randrange(-5, 50) + rng.choice([0, 0, 2 ** 60])), ""),
    "uuid": Type("uuid", lambda rng: f"md5('{rng.randrange(50)}')::uuid"),
    "text": Type("text", lambda rng: literal(rng.choice(KEY_WORDS)), "text"),
    "character varying(20)": Type("character varying(20)", lambda rng: literal(rng.choice(KEY_WORDS)), "text"),
    "character(6)": Type("character(6)", lambda rng: literal(rng.choice([w for w in KEY_WORDS if len(w) <= 6]))),
    "boolean": Type("boolean", one_of("t", "f")),
    "\"Some state\"": ENUM,
}
