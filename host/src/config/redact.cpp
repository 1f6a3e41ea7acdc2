#include "config/redact.hpp"

#include "config/schema.hpp"

namespace sluice {

namespace {

constexpr std::string_view kMask = "******";

class Redactor {
 public:
  explicit Redactor(const Json& root) : root_(root) {}

  Json redact(const Json& value, const Json& schema) const {
    const Json resolved = resolve_schema(root_, schema);
    if (!branch_keyword(resolved).empty()) return redact_branches(value, resolved);
    if (value.is_object()) return redact_object(value, resolved);
    if (value.is_array()) return redact_array(value, resolved);
    if (!value.is_string()) return value;
    const std::string& text = value.get_ref<const std::string&>();
    const bool is_secret = resolved.value("format", "") == "secret";
    return is_secret && !text.empty() ? Json(kMask) : Json(redact_urls(text));
  }

 private:
  /// Which branch a value took is not known any longer: what is secret in any stays hidden.
  Json redact_branches(Json value, const Json& schema) const {
    for (const Json& branch : merged_branches(root_, schema)) value = redact(value, branch);
    return value;
  }

  Json redact_object(const Json& object, const Json& schema) const {
    Json shown = Json::object();
    for (const auto& [key, value] : object.items()) {
      const Json* property = property_schema(schema, key);
      shown[key] = redact(value, property == nullptr ? Json::object() : *property);
    }
    return shown;
  }

  Json redact_array(const Json& array, const Json& schema) const {
    const Json items = schema.value("items", Json::object());
    Json shown = Json::array();
    for (const Json& item : array) shown.push_back(redact(item, items));
    return shown;
  }

  const Json& root_;
};

}  // namespace

Json redact(const Json& config, const Json& schema) {
  return Redactor(schema).redact(config, schema);
}

std::string redact_urls(std::string_view text) {
  constexpr std::string_view kScheme = "://";
  std::string shown;
  while (true) {
    const std::size_t scheme = text.find(kScheme);
    if (scheme == std::string_view::npos) return shown += text;
    const std::size_t begin = scheme + kScheme.size();
    shown += text.substr(0, begin);
    text.remove_prefix(begin);
    const std::string_view authority = text.substr(0, text.find_first_of("/?# \t\n\"'<>"));
    const std::size_t at = authority.rfind('@');
    if (at == std::string_view::npos) continue;
    shown += kMask;
    text.remove_prefix(at);
  }
}

}  // namespace sluice
