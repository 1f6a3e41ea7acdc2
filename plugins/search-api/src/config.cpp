#include "config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace sluice::search {
namespace {

using nlohmann::json;

// Each thread may hold one answer, and what is made of it.
constexpr std::size_t kMaxAnswer = std::size_t{64} << 20;

template <typename Value>
void read_member(const json& object, const char* name, Value& out) {
  const auto member = object.find(name);
  if (member != object.end()) member->get_to(out);
}

std::chrono::milliseconds read_duration(const json& config, const char* name,
                                        std::chrono::milliseconds fallback) {
  return std::chrono::milliseconds(config.value(name, std::int64_t{fallback.count()}));
}

[[noreturn]] void fail(const RouteOptions& route, const std::string& message) {
  throw std::invalid_argument("route " + route.path + ": " + message);
}

/// Refuses members that a route of this kind would silently ignore.
void check_members(const RouteOptions& route, const json& options,
                   std::initializer_list<const char*> required,
                   std::initializer_list<const char*> foreign) {
  for (const char* name : required) {
    if (!options.contains(name)) fail(route, std::string("'") + name + "' is required here");
  }
  for (const char* name : foreign) {
    if (options.contains(name)) {
      fail(route, std::string("'") + name + "' does not go with kind " +
                      options.at("kind").get<std::string>());
    }
  }
}

void read_limits(const json& owner, PageLimits& limits) {
  const auto options = owner.find("limits");
  if (options == owner.end()) return;
  read_member(*options, "default", limits.default_limit);
  read_member(*options, "max", limits.max_limit);
  read_member(*options, "max_offset", limits.max_offset);
}

void read_sort(const json& options, SortOptions& sort) {
  const auto member = options.find("sort");
  if (member == options.end()) return;
  read_member(*member, "fields", sort.fields);
  read_member(*member, "default", sort.default_by);
  sort.descending = member->value("order", "desc") == "desc";
}

void read_text_options(const json& options, RouteOptions& route) {
  check_members(route, options, {"fields"},
                {"field", "nested", "key_type", "parameter", "max_terms"});
  read_member(options, "never_fuzzy", route.never_fuzzy);
  read_member(options, "fields", route.fields);
  read_member(options, "default_fields", route.default_fields);
  if (route.fields.empty()) fail(route, "'fields' is empty");
  for (const auto& name : route.default_fields) {
    if (!route.fields.contains(name)) {
      fail(route, "default_fields: '" + name + "' is not among 'fields'");
    }
  }
  if (route.default_fields.empty()) {
    for (const auto& [name, targets] : route.fields) route.default_fields.push_back(name);
  }
}

void read_key_options(const json& options, RouteOptions& route) {
  check_members(route, options, {"field"},
                {"fields", "default_fields", "never_fuzzy", "parameter", "max_terms"});
  route.integer_key = options.value("key_type", "integer") == "integer";
}

void read_terms_options(const json& options, RouteOptions& route) {
  check_members(route, options, {"field", "parameter"},
                {"fields", "default_fields", "never_fuzzy", "key_type"});
  read_member(options, "parameter", route.parameter);
  read_member(options, "max_terms", route.max_terms);
}

RouteOptions read_route(const json& options, const PageLimits& limits) {
  RouteOptions route;
  read_member(options, "path", route.path);
  route.limits = limits;
  read_limits(options, route.limits);
  if (route.limits.default_limit > route.limits.max_limit) {
    fail(route, "limits: 'default' is above 'max'");
  }
  read_sort(options, route.sort);
  read_member(options, "date_field", route.date_field);
  read_member(options, "field", route.field);
  read_member(options, "nested", route.nested);
  const auto kind = options.at("kind").get<std::string>();
  if (kind == "search") {
    route.kind = RouteKind::kSearch;
    read_text_options(options, route);
  } else if (kind == "by_key") {
    route.kind = RouteKind::kByKey;
    read_key_options(options, route);
  } else {
    route.kind = RouteKind::kByTerms;
    read_terms_options(options, route);
  }
  const auto placeholders = std::count(route.path.begin(), route.path.end(), ':');
  const bool by_key = route.kind == RouteKind::kByKey;
  if (placeholders != (by_key ? 1 : 0)) {
    fail(route, by_key ? "its path needs one ':name' for the key"
                       : "only a by_key route has a ':name' in its path");
  }
  return route;
}

std::vector<ApiKey> read_api_keys(const json& options) {
  std::vector<ApiKey> keys;
  for (const auto& option : options.value("api_keys", json::array())) {
    ApiKey key{option.at("name"), option.at("key")};
    for (const auto& other : keys) {
      if (other.name == key.name) {
        throw std::invalid_argument("api_keys: '" + key.name + "' is there twice");
      }
      if (other.key == key.key) {
        throw std::invalid_argument("api_keys: '" + other.name + "' and '" + key.name +
                                    "' have the same key");
      }
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

CorsOptions read_cors(const json& options) {
  CorsOptions cors;
  const auto member = options.find("cors");
  if (member == options.end()) return cors;
  read_member(*member, "origins", cors.origins);
  cors.max_age = std::chrono::duration_cast<std::chrono::seconds>(
      read_duration(*member, "max_age", cors.max_age));
  const auto any = std::find(cors.origins.begin(), cors.origins.end(), "*");
  if (any != cors.origins.end() && cors.origins.size() > 1) {
    throw std::invalid_argument("cors: '*' stands for every origin; name no other beside it");
  }
  return cors;
}

}  // namespace

Config read_config(const json& options) {
  Config config;
  read_member(options, "address", config.address);
  read_member(options, "port", config.port);
  read_member(options, "threads", config.threads);
  read_member(options, "max_queued", config.max_queued);
  read_member(options, "max_connections", config.max_connections);
  config.api_keys = read_api_keys(options);
  config.cors = read_cors(options);
  config.query_timeout = read_duration(options, "query_timeout", config.query_timeout);
  read_member(options, "terminate_after", config.terminate_after);
  config.opensearch = opensearch::from_config(options.value("opensearch", json::object()));
  config.opensearch.max_response_bytes = kMaxAnswer;
  read_member(options, "index", config.index);
  read_member(options, "base_path", config.base_path);
  read_member(options, "tiebreak", config.tiebreak);
  PageLimits limits;
  read_limits(options, limits);
  for (const auto& route : options.at("routes")) {
    config.routes.push_back(read_route(route, limits));
  }
  return config;
}

}  // namespace sluice::search
