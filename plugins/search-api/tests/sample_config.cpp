#include "sample_config.hpp"

namespace sluice::search {

nlohmann::json sample_options() {
  return nlohmann::json::parse(R"({
    "address": "127.0.0.1", "port": 0, "threads": 2,
    "query_timeout": 1500,
    "opensearch": {"url": "http://127.0.0.1:9200"},
    "index": "projects", "base_path": "/api/v1/projects", "tiebreak": "id",
    "routes": [
      {"path": "/search", "kind": "search",
       "fields": {"name": ["name^3", "name.parts"], "slug": ["slug^2"], "description": ["description"],
                  "readme": ["readme"]},
       "default_fields": ["slug", "name", "description"],
       "date_field": "created_at",
       "sort": {"fields": {"created_at": "created_at", "updated_at": "updated_at",
                           "name": "name.keyword", "slug": "slug.keyword"},
                "default": "_score", "order": "desc"}},
      {"path": "/by-user/:userId", "kind": "by_key", "nested": "users", "field": "users.id",
       "sort": {"default": "created_at", "order": "desc"}},
      {"path": "/by-hashtag", "kind": "by_terms", "parameter": "hashtags", "nested": "hashtags",
       "field": "hashtags.name", "limits": {"default": 100}, "max_terms": 3,
       "sort": {"default": "created_at", "order": "desc"}}
    ]})");
}

}  // namespace sluice::search
