#include "config.hpp"

namespace sluice::search {
namespace {

constexpr const char* kBeforeConnection = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "search-api",
  "description": "HTTP search over one OpenSearch index or alias.",
  "type": "object",
  "required": ["index", "tiebreak", "routes"],
  "properties": {
    "address": {
      "type": "string", "default": "127.0.0.1",
      "description": "Address to listen on. 0.0.0.0 is every interface."
    },
    "port": {
      "type": "integer", "minimum": 0, "maximum": 65535, "default": 8080,
      "description": "Port to listen on; 0 takes any free one."
    },
    "threads": {
      "type": "integer", "minimum": 1, "maximum": 64, "default": 2,
      "description": "Searches that OpenSearch is asked for at the same time."
    },
    "max_queued": {
      "type": "integer", "minimum": 1, "maximum": 10000, "default": 128,
      "description": "Searches that may wait for a thread; beyond it clients get 503."
    },
    "max_connections": {
      "type": "integer", "minimum": 1, "maximum": 100000, "default": 4096,
      "description": "Client connections at a time. Beyond, the one that has been idle the longest is closed; where none has been for 2 s, the new one gets 503. 512 of the process's file descriptors, or half of them, are left to the rest of the host."
    },
    "api_keys": {
      "type": "array", "default": [],
      "description": "Keys of which a client must send one. Several, so that they can be changed one by one. Without any, whoever reaches the address can search.",
      "items": {
        "type": "object", "required": ["name", "key"],
        "properties": {
          "name": {
            "type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$", "examples": ["web"],
            "description": "Whose key it is: for the metric that counts its requests."
          },
          "key": {
            "type": "string", "format": "secret", "minLength": 16, "pattern": "^[!-~]*$",
            "examples": ["${file:/run/secrets/search_key}"],
            "description": "What the client sends: at least 16 ASCII characters, no spaces."
          }
        }
      }
    },
    "cors": {
      "type": "object", "required": ["origins"],
      "description": "Which web pages may read the answers in a browser. Absent: none but those of this server, and no CORS header is sent.",
      "properties": {
        "origins": {
          "type": "array", "minItems": 1,
          "items": {"type": "string", "pattern": "^([*]|https?://[^/?# ]+)$"},
          "examples": [["https://example.org"], ["*"]],
          "description": "Origins, exactly as browsers send them: scheme, host, and the port if it is not the scheme's own. Or '*' alone: any."
        },
        "max_age": {
          "type": "string", "format": "duration", "default": "10m", "minimum": 0, "maximum": 86400000,
          "description": "How long a browser may keep the answer to a preflight request."
        }
      }
    },
    "query_timeout": {
      "type": "string", "format": "duration", "default": "1500ms",
      "description": "Longest that a request waits for OpenSearch, its time in the queue included; then 503. Takes the place of opensearch.request_timeout."
    },
    "terminate_after": {
      "type": "integer", "minimum": 0, "maximum": 2147483647, "default": 0,
      "description": "Matching documents after which each shard ends a search: the hits are the best among those, `total` counts no others, and the answer says \"terminated_early\": true. 0: none are left out, and `total` is exact."
    },
    "opensearch": {
      "type": "object", "default": {},
      "description": "How to reach OpenSearch.",
      "properties": {)json";

constexpr const char* kAfterConnection = R"json(}
    },
    "index": {
      "type": "string", "minLength": 1, "examples": ["projects"],
      "description": "Index or alias to search."
    },
    "base_path": {
      "type": "string", "pattern": "^(/[^/?#:]+)*$", "default": "", "examples": ["/api/v1/projects"],
      "description": "Path in front of every route's path."
    },
    "tiebreak": {
      "type": "string", "minLength": 1, "examples": ["id"],
      "description": "Field that has one distinct value for each document; it orders hits whose sort values are equal, so that pages neither overlap nor leave gaps."
    },
    "limits": {
      "$ref": "#/$defs/limits",
      "description": "Bounds of limit and offset for every route that has none of its own. offset plus limit must stay within index.max_result_window."
    },
    "routes": {
      "type": "array", "minItems": 1,
      "items": {"$ref": "#/$defs/route"},
      "description": "What is served under base_path."
    }
  },
  "$defs": {
    "limits": {
      "type": "object",
      "properties": {
        "default": {
          "type": "integer", "minimum": 1, "maximum": 10000,
          "description": "limit where a request gives none. Default: 20."
        },
        "max": {
          "type": "integer", "minimum": 1, "maximum": 10000,
          "description": "Largest limit. Default: 100."
        },
        "max_offset": {
          "type": "integer", "minimum": 0, "maximum": 1000000,
          "description": "Largest offset. Default: 10000."
        }
      }
    },
    "route": {
      "type": "object",
      "required": ["path", "kind"],
      "properties": {
        "path": {
          "type": "string", "pattern": "^(/[^/?#:]+|/:[A-Za-z_][A-Za-z0-9_]*)+$",
          "examples": ["/search", "/by-user/:userId"],
          "description": "Path under base_path. A by_key route has one :name, which takes the key."
        },
        "kind": {
          "type": "string", "enum": ["search", "by_key", "by_terms"],
          "description": "search: full text (q, fuzzy, operator, fields). by_key: documents with the key in the path. by_terms: documents with any or all of the terms in a parameter."
        },
        "fields": {
          "type": "object",
          "additionalProperties": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
          "examples": [{"name": ["name^3", "name.parts"]}],
          "description": "search: names that clients use, each with the index fields it stands for, boosts included."
        },
        "default_fields": {
          "type": "array", "minItems": 1, "items": {"type": "string"},
          "description": "search: the fields searched where a request names none. Default: all."
        },
        "never_fuzzy": {
          "type": "array", "items": {"type": "string", "minLength": 1}, "examples": [["name.prefix"]],
          "description": "search: index fields (without boosts) that fuzzy=true still matches exactly, such as fields of prefixes, where almost anything is near something."
        },
        "date_field": {
          "type": "string", "minLength": 1,
          "description": "Date that date_from and date_to apply to. Absent: the route has no such parameters."
        },
        "sort": {
          "type": "object",
          "description": "Order of the hits.",
          "properties": {
            "fields": {
              "type": "object", "additionalProperties": {"type": "string", "minLength": 1},
              "examples": [{"name": "name.keyword"}],
              "description": "Values of sort_by, beside _score, and the index field of each. Absent: the route has no sort_by and sort_order."
            },
            "default": {
              "type": "string", "minLength": 1, "default": "_score",
              "description": "Order where a request names none: _score, a name in fields, or a field of the index."
            },
            "order": {
              "type": "string", "enum": ["asc", "desc"], "default": "desc",
              "description": "Direction where a request names none."
            }
          }
        },
        "limits": {
          "$ref": "#/$defs/limits",
          "description": "Bounds of limit and offset for this route, each where it differs from the service's."
        },
        "field": {
          "type": "string", "minLength": 1, "examples": ["users.id"],
          "description": "by_key, by_terms: the field that holds the key or the terms."
        },
        "nested": {
          "type": "string", "minLength": 1, "examples": ["users"],
          "description": "by_key, by_terms: the nested path that the field lies in, if it does."
        },
        "key_type": {
          "type": "string", "enum": ["integer", "string"],
          "description": "by_key: what the key is. Default: integer (0 or greater)."
        },
        "parameter": {
          "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "examples": ["hashtags"],
          "description": "by_terms: the query parameter that holds the terms."
        },
        "max_terms": {
          "type": "integer", "minimum": 1, "maximum": 500,
          "description": "by_terms: most terms in one request. Default: 50."
        }
      }
    }
  }
})json";

}  // namespace

const std::string& config_schema() {
  static const std::string schema = std::string(kBeforeConnection) +
                                    std::string(opensearch::connection_schema_properties()) +
                                    kAfterConnection;
  return schema;
}

}  // namespace sluice::search
