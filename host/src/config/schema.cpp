#include "config/schema.hpp"

#include <algorithm>

namespace sluice {

namespace {

constexpr int kMaxReferences = 32;

void merge_required(Json& into, const Json& more) {
  for (const Json& key : more) {
    if (std::find(into.begin(), into.end(), key) == into.end()) into.push_back(key);
  }
}

void merge_properties(Json& into, const Json& more) {
  for (const auto& [key, schema] : more.items()) {
    into[key] = into.contains(key) ? merge_schemas(into[key], schema) : schema;
  }
}

/// What a `$ref` names, null if it names nothing.
const Json* find_reference(const Json& root, const std::string& reference) {
  constexpr std::string_view kPrefix = "#/$defs/";
  if (!reference.starts_with(kPrefix) || !root.contains("$defs")) return nullptr;
  const auto found = root["$defs"].find(reference.substr(kPrefix.size()));
  return found == root["$defs"].end() ? nullptr : &*found;
}

}  // namespace

Json merge_schemas(const Json& base, const Json& overlay) {
  if (!base.is_object() || !overlay.is_object()) return overlay;
  Json merged = base;
  for (const auto& [key, value] : overlay.items()) {
    if (key == "required" && merged.contains(key)) {
      merge_required(merged[key], value);
    } else if (key == "properties" && merged.contains(key)) {
      merge_properties(merged[key], value);
    } else {
      merged[key] = value;
    }
  }
  return merged;
}

Json resolve_schema(const Json& root, const Json& schema) {
  Json resolved = schema;
  for (int hops = 0; resolved.is_object() && resolved.contains("$ref"); ++hops) {
    const Json* target = find_reference(root, resolved["$ref"].get<std::string>());
    resolved.erase("$ref");
    if (target == nullptr || hops == kMaxReferences) break;
    resolved = target->is_object() ? merge_schemas(*target, resolved) : resolved;
  }
  return resolved.is_object() ? resolved : Json::object();
}

std::string branch_keyword(const Json& schema) {
  for (const char* keyword : {"oneOf", "anyOf"}) {
    if (schema.contains(keyword)) return keyword;
  }
  return {};
}

std::vector<Json> merged_branches(const Json& root, const Json& schema) {
  const std::string keyword = branch_keyword(schema);
  Json base = schema;
  base.erase(keyword);
  std::vector<Json> branches;
  for (const Json& branch : schema[keyword]) {
    branches.push_back(merge_schemas(base, resolve_schema(root, branch)));
  }
  return branches;
}

const Json* property_schema(const Json& schema, const std::string& key) {
  static const Json kAnything = Json::object();
  const auto properties = schema.find("properties");
  if (properties != schema.end()) {
    const auto found = properties->find(key);
    if (found != properties->end()) return &*found;
  }
  const auto additional = schema.find("additionalProperties");
  if (additional == schema.end()) return properties == schema.end() ? &kAnything : nullptr;
  if (additional->is_boolean()) return additional->get<bool>() ? &kAnything : nullptr;
  return &*additional;
}

std::vector<std::pair<std::string, const Json*>> subschemas(const Json& schema) {
  std::vector<std::pair<std::string, const Json*>> found;
  if (!schema.is_object()) return found;
  for (const auto& [keyword, value] : schema.items()) {
    if (keyword == "items" || keyword == "propertyNames" || keyword == "additionalProperties") {
      found.emplace_back(keyword, &value);
    } else if (keyword == "properties" || keyword == "$defs" || keyword == "oneOf" ||
               keyword == "anyOf") {
      const std::string prefix = keyword + '/';
      for (const auto& [name, sub] : value.items()) found.emplace_back(prefix + name, &sub);
    }
  }
  return found;
}

std::vector<std::string> property_names(const Json& schema) {
  std::vector<std::string> names;
  if (!schema.contains("properties")) return names;
  for (const auto& [name, property] : schema["properties"].items()) {
    if (property.is_object() && property.value("deprecated", false)) continue;
    names.push_back(name);
  }
  return names;
}

}  // namespace sluice
