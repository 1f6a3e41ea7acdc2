"""Is the index what the tables say? Expected documents come from one plain query, written by hand in the test."""

import json
import time
from decimal import Decimal

from http_json import call

_PAGE = 1000


def wait_until_equal(world, query, seconds=60):
    """Returns when the whole index equals what `query` says: rows of (id, document as JSON). Numbers are compared
    exactly, objects without regard to the order of members. Fails with the differences, the end of the host's log, and
    where its changes may have got stuck. A connector whose task failed is started again, as whoever runs it would.

    Both sides are read anew each time, so others may write meanwhile, as long as they end in time.
    """
    wait_until_index_is(world, lambda: documents_in_database(world.database, query), seconds)


def wait_until_index_is(world, read_expected, seconds=60):
    """The same for documents by id that do not come from one query."""
    deadline, pause = time.monotonic() + seconds, 0.02
    look_at_connector = time.monotonic() + 5
    while True:
        expected, found = read_expected(), documents_in_index(world)
        differing = [id for id in sorted(expected.keys() | found.keys()) if not _same(expected.get(id), found.get(id))]
        if not differing:
            return
        if time.monotonic() > look_at_connector:
            world.revive_connector()
            look_at_connector = time.monotonic() + 5
        if time.monotonic() > deadline:
            raise AssertionError(_report(differing, expected, found, seconds) + _where_it_stands(world))
        time.sleep(pause)
        pause = min(2 * pause, 0.5)


def documents_in_database(session, query):
    # Raw line ends can only stand between the tokens of a `json` value.
    rows = session.run(f"""SELECT translate(json_build_array(id::text, document)::text, E'\\r\\n', '  ')
        FROM ({query}) AS expected (id, document)""")
    documents = dict(map(_parse, rows))
    assert len(documents) == len(rows), "the oracle's query gives an id twice"
    return documents


def documents_in_index(world):
    """By id. None if there is no index yet."""
    if _post(world, f"/{world.index}/_refresh") is None:
        return {}
    documents = {}
    page = _post(world, f"/{world.index}/_search?scroll=1m", {"size": _PAGE, "sort": ["_doc"]})
    while hits := page["hits"]["hits"]:
        documents.update((hit["_id"], hit["_source"]) for hit in hits)
        page = _post(world, "/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
    world.opensearch("DELETE", "/_search/scroll", {"scroll_id": page["_scroll_id"]})
    return documents


def _post(world, path, body=None):
    """What is answered, with numbers as they are written there; None where there is no index."""
    answer = call("POST", f"{world.opensearch_url}{path}", body)
    if answer.status == 404:
        return None
    assert answer.status < 300, f"POST {path}: {answer.text}"
    return _parse(answer.text)


def _parse(text):
    return json.loads(text, parse_float=Decimal)


def differences(expected, found, path=""):
    """Yields (path, expected, found) of what differs between two values of parsed JSON."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            yield from differences(expected.get(name, _MISSING), found.get(name, _MISSING), f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for place, (one, other) in enumerate(zip(expected, found)):
            yield from differences(one, other, f"{path}[{place}]")
    elif expected != found or isinstance(expected, bool) != isinstance(found, bool):  # True == 1 in Python
        yield path or ".", expected, found


class _Missing:
    def __repr__(self):
        return "nothing"


_MISSING = _Missing()


def _same(expected, found):
    return not any(True for _ in differences(expected, found))


def _report(differing, expected, found, seconds, documents=5, parts=5):
    lines = [f"after {seconds} s {len(differing)} of {len(expected)} documents still differ:"]
    for id in differing[:documents]:
        parts_of_id = list(differences(expected.get(id, _MISSING), found.get(id, _MISSING)))
        for path, one, other in parts_of_id[:parts]:
            lines.append(f"  {id} {path}\n    expected {_text(one)}\n    found    {_text(other)}")
        if len(parts_of_id) > parts:
            lines.append(f"  {id} and {len(parts_of_id) - parts} places more")
    return "\n".join(lines)


def _text(value, length=600):
    text = repr(value)  # unlike JSON, this tells a number from its text
    return text if len(text) <= length else f"{text[:length]} …"


def _where_it_stands(world, lines=25):
    log = "\n".join(world.host.log_text().splitlines()[-lines:])
    return f"\n{world.state()}\n--- the end of the host's log\n{log}"
