"""The fixed documents that the tests search, in an index and under an alias of their own."""

import json
import pathlib
import urllib.request

MAPPING = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "opensearch" / "projects.json"
INDEX = "api-tests-1"
ALIAS = "api-tests"

ADA = {"id": 1, "username": "ada", "email": "ada@example.org", "role": "owner"}
BOB = {"id": 2, "username": "bob", "email": "bob@example.org", "role": "member"}
EVE = {"id": 3, "username": "eve", "email": "eve@example.org", "role": "member"}
PAGER = {"id": 900, "username": "pager", "email": "pager@example.org", "role": "owner"}

KAFKA = {"id": 1, "name": "kafka"}
FINANCE = {"id": 2, "name": "finance"}
WEB = {"id": 3, "name": "web"}
FOOD = {"id": 4, "name": "food & drink"}
JAPANESE = {"id": 5, "name": "日本"}
SHARP = {"id": 6, "name": "C#"}
PAGING = {"id": 7, "name": "paging"}


def project(number, name, slug, description, created, updated, users=(), hashtags=()):
    return {"id": number, "name": name, "slug": slug, "description": description,
            "created_at": created, "updated_at": updated,
            "users": list(users), "hashtags": list(hashtags)}


PAGING_COUNT = 130

DOCUMENTS = [
    project(1, "Realtime Ledger", "realtime-ledger", "Double-entry bookkeeping for payments",
            "2025-01-10T08:00:00Z", "2025-06-06T00:00:00Z", [ADA, BOB], [KAFKA, FINANCE]),
    project(2, "Ledger Viewer", "ledger-viewer", "Shows balances",
            "2025-02-15T12:30:00Z", "2025-06-05T00:00:00Z", [ADA], [FINANCE, WEB]),
    project(3, "Photo Album", "photo-album", "Share pictures in realtime",
            "2025-03-20T23:59:59.500Z", "2025-06-04T00:00:00Z", [EVE], [WEB]),
    project(4, "Café Menü", "bistro", "Speisekarte – täglich neu",
            "2025-04-01T00:00:00Z", "2025-06-03T00:00:00Z", [BOB, EVE], [FOOD]),
    project(5, "日本語", "nihongo", "検索エンジン 🔍",
            "2025-05-05T05:05:05.123456Z", "2025-06-02T00:00:00Z", [EVE], [JAPANESE]),
    project(6, "C++ Toolkit", "cpp-toolkit", 'R & D: "quoted" \\ 100% <b>',
            "2025-05-06T00:00:00Z", "2025-06-01T00:00:00Z", [BOB], [SHARP]),
    project(7, "Untitled", "no-description", None,
            "2025-05-07T00:00:00Z", "2025-05-31T00:00:00Z"),
] + [
    project(1000 + i, f"Paging {i:03}", f"paging-{i:03}", "One of many",
            "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", [PAGER], [PAGING])
    for i in range(PAGING_COUNT)
]

BY_ID = {document["id"]: document for document in DOCUMENTS}


def call(url, method, path, body="", content_type="application/json"):
    request = urllib.request.Request(url + path, body.encode() or None,
                                     {"Content-Type": content_type}, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read() or "{}")


def add_alias(url):
    call(url, "PUT", f"/{INDEX}/_alias/{ALIAS}")


def remove_alias(url):
    call(url, "DELETE", f"/{INDEX}/_alias/{ALIAS}")


def load(url):
    call(url, "PUT", f"/{INDEX}", MAPPING.read_text())
    add_alias(url)
    lines = []
    for document in DOCUMENTS:
        lines += [{"index": {"_index": INDEX, "_id": str(document["id"])}}, document]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    result = call(url, "POST", "/_bulk?refresh=true", body, "application/x-ndjson")
    if result["errors"]:
        raise RuntimeError(json.dumps(result)[:2000])
