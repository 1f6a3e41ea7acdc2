#include "config.hpp"

#include <fstream>
#include <stdexcept>

namespace sluice::opensearch {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kOwnProperties = R"json(
  "index": {
    "type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,199}$",
    "description": "Alias that readers and writers use. The indices behind it are named after it and the day: projects-2026-01-24.",
    "examples": ["projects"]
  },
  "mapping": {
    "type": "string", "format": "path",
    "description": "JSON file with the settings and mappings of new indices. An index that exists is left as it is.",
    "examples": ["../schemas/opensearch/projects.json"]
  },
  "max_request_bytes": {
    "type": "string", "format": "size", "default": "8mb",
    "description": "Largest body of a bulk request; a larger single document goes alone."
  },
  "refresh": {
    "type": "string", "enum": ["auto", "false", "wait_for", "true"], "default": "auto",
    "description": "When readers see a write. `false`: after the index's refresh_interval. `wait_for`: the same, and the write waits for it. `true`: at once, and the write waits for it. `auto`: as `true` for a write of no more than 100 documents, if the writer's last refresh was 100 ms ago and four times what it took; as `false` otherwise. So a lone change shows at once, and a backlog is not slowed down."
  },
  "gc_deletes": {
    "type": "string", "format": "duration", "default": "1h",
    "description": "How long a new index remembers the versions of deleted documents (index.gc_deletes). It must exceed four times request_timeout, or a late write could bring a deleted document back."
  }
)json";

/// The host shows what begins with a pointer at the option's line.
std::invalid_argument bad_mapping(const std::string& message) {
  return std::invalid_argument("/mapping: " + message);
}

/// What comes after the library's own prefix: where, and what is wrong.
std::string_view reason_of(const json::parse_error& error) {
  const std::string_view text = error.what();
  const auto where = text.find("line ");
  return text.substr(where == std::string_view::npos ? 0 : where);
}

json read_mapping_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw bad_mapping("cannot open '" + path +
                      "': make it (an empty {} will do; `sluice explain` suggests one)");
  }
  json body;
  try {
    body = json::parse(file);
  } catch (const json::parse_error& error) {
    throw bad_mapping("'" + path + "' is no valid JSON: " + std::string(reason_of(error)));
  }
  if (!body.is_object()) throw bad_mapping("'" + path + "' holds no object");
  for (const auto& [name, value] : body.items()) {
    if ((name != "settings" && name != "mappings") || !value.is_object()) {
      throw bad_mapping("'" + path + "' holds '" + name +
                        "', expected the objects 'settings' and 'mappings'");
    }
  }
  return body;
}

/// Settings may be written "index.x", "index": {"x"} or "x"; the result has the last form.
json plain_settings(const json& settings) {
  constexpr std::string_view kPrefix = "index.";
  json plain = json::object();
  for (const auto& [name, value] : settings.items()) {
    if (name == "index" && value.is_object()) {
      plain.update(plain_settings(value));
    } else {
      plain[name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name] = value;
    }
  }
  return plain;
}

milliseconds read_gc_deletes(const json& config, const ConnectionOptions& connection) {
  const milliseconds gc_deletes(config.at("gc_deletes").get<std::int64_t>());
  // A document is written for up to request_timeout after it was read (see BulkWriter), the last
  // request takes as long again; and once more for the way to it.
  const milliseconds longest = connection.request_timeout * 2 + max_in_flight(connection);
  if (gc_deletes <= longest) {
    throw std::invalid_argument("gc_deletes is " + std::to_string(gc_deletes.count()) +
                                " ms, expected more than four times request_timeout, which is " +
                                std::to_string(longest.count()) + " ms");
  }
  return gc_deletes;
}

}  // namespace

const char* config_schema() {
  static const std::string schema =
      R"({"type":"object","required":["index","mapping"],"properties":{)" +
      std::string(connection_schema_properties()) + "," + kOwnProperties + "}}";
  return schema.c_str();
}

SinkConfig read_config(const json& config) {
  SinkConfig result;
  result.connection = from_config(config);
  result.index = config.at("index");
  const json body = read_mapping_file(config.at("mapping"));
  result.settings = plain_settings(body.value("settings", json::object()));
  result.settings["gc_deletes"] =
      std::to_string(read_gc_deletes(config, result.connection).count()) + "ms";
  result.mappings = body.value("mappings", json::object());
  result.max_request_bytes = config.at("max_request_bytes");
  result.refresh = config.at("refresh");
  return result;
}

milliseconds max_in_flight(const ConnectionOptions& connection) {
  return connection.request_timeout * 2;
}

}  // namespace sluice::opensearch
