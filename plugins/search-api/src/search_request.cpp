#include "search_request.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

#include "nearest_name.hpp"
#include "utf8.hpp"
#include "words.hpp"

namespace sluice::search {
namespace {

constexpr std::size_t kMaxTextLength = 1000;  // code points
constexpr std::size_t kMaxWords = 32;
constexpr std::size_t kMaxTermLength = 256;  // code points
constexpr std::size_t kLongestEcho = 200;    // bytes

using nlohmann::json;

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

template <typename Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  keys.reserve(map.size());
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& valid) {
  const auto nearest = nearest_name(name, valid);
  return nearest ? " Did you mean '" + *nearest + "'?" : "";
}

[[noreturn]] void fail(const std::string& message, const std::string& parameter,
                       const std::string& value, json allowed) {
  throw ParameterError(message, parameter, shortened(value, kLongestEcho), std::move(allowed));
}

[[noreturn]] void fail_choice(const std::string& parameter, const std::string& value,
                              const std::vector<std::string>& allowed) {
  fail("'" + parameter + "' must be one of: " + list_of(allowed) + "." +
           did_you_mean(value, allowed),
       parameter, value, allowed);
}

/// The parameters of one request, by name.
class Parameters {
 public:
  Parameters(const std::vector<QueryParameter>& parameters, const std::vector<std::string>& known)
      : parameters_(parameters) {
    for (const auto& parameter : parameters_) {
      if (contains(known, parameter.name)) continue;
      const std::string name = shortened(parameter.name, kLongestEcho);
      fail("There is no parameter '" + name + "' here." + did_you_mean(name, known), name,
           parameter.value, known);
    }
  }

  std::vector<std::string> all(const std::string& name) const {
    std::vector<std::string> values;
    for (const auto& parameter : parameters_) {
      if (parameter.name == name) values.push_back(parameter.value);
    }
    return values;
  }

  std::optional<std::string> one(const std::string& name) const {
    const auto values = all(name);
    if (values.empty()) return std::nullopt;
    if (values.size() > 1) {
      fail("'" + name + "' is given " + std::to_string(values.size()) + " times; give it once.",
           name, values[1], "one value");
    }
    return values.front();
  }

 private:
  const std::vector<QueryParameter>& parameters_;
};

template <typename Integer>
std::optional<Integer> to_integer(std::string_view text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::uint64_t read_number(const Parameters& parameters, const std::string& name,
                          std::uint64_t fallback, std::uint64_t min, std::uint64_t max) {
  const auto text = parameters.one(name);
  if (!text) return fallback;
  const auto value = to_integer<std::uint64_t>(*text);
  if (!value || *value < min || *value > max) {
    const std::string allowed =
        "an integer from " + std::to_string(min) + " to " + std::to_string(max);
    fail("'" + name + "' must be " + allowed + ".", name, *text, allowed);
  }
  return *value;
}

/// The index of the value among `allowed`, or `fallback` where the parameter is absent.
std::size_t read_choice(const Parameters& parameters, const std::string& name,
                        const std::vector<std::string>& allowed, std::size_t fallback) {
  const auto value = parameters.one(name);
  if (!value) return fallback;
  const auto found = std::find(allowed.begin(), allowed.end(), *value);
  if (found == allowed.end()) fail_choice(name, *value, allowed);
  return static_cast<std::size_t>(found - allowed.begin());
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Distinct items of all values of a parameter, each value a comma-separated list.
std::vector<std::string> read_list(const Parameters& parameters, const std::string& name) {
  std::vector<std::string> items;
  for (const auto& value : parameters.all(name)) {
    for (std::size_t start = 0; start <= value.size();) {
      const std::size_t comma = std::min(value.find(',', start), value.size());
      const std::string item(trimmed(std::string_view(value).substr(start, comma - start)));
      if (item.empty()) {
        fail("'" + name + "' has an empty item.", name, value, "a comma-separated list of names");
      }
      if (!contains(items, item)) items.push_back(item);
      start = comma + 1;
    }
  }
  return items;
}

std::vector<std::string> read_words(const Parameters& parameters) {
  const auto text = parameters.one("q");
  if (!text) fail("'q' is required: the text to search for.", "q", "", "1 to 1000 characters");
  if (code_point_count(*text) > kMaxTextLength) {
    fail("'q' is longer than 1000 characters.", "q", *text, "1 to 1000 characters");
  }
  if (is_blank(*text)) {
    fail("'q' must not be blank: give the text to search for.", "q", *text, "1 to 1000 characters");
  }
  auto words = split_words(*text);
  if (words.size() > kMaxWords) {
    fail("'q' has more than 32 words.", "q", *text, "at most 32 words");
  }
  return words;
}

bool is_never_fuzzy(const RouteOptions& route, const std::string& field_with_boost) {
  return contains(route.never_fuzzy, field_with_boost.substr(0, field_with_boost.find('^')));
}

void read_fields(const RouteOptions& route, const Parameters& parameters,
                 TextCondition& condition) {
  auto names = read_list(parameters, "fields");
  if (names.empty()) names = route.default_fields;
  for (const auto& name : names) {
    const auto found = route.fields.find(name);
    if (found == route.fields.end()) fail_choice("fields", name, keys_of(route.fields));
    for (const auto& field : found->second) {
      const bool exact = condition.fuzzy && is_never_fuzzy(route, field);
      (exact ? condition.exact_fields : condition.fields).push_back(field);
    }
  }
}

TextCondition read_text(const RouteOptions& route, const Parameters& parameters) {
  TextCondition condition;
  condition.words = read_words(parameters);
  condition.fuzzy = read_choice(parameters, "fuzzy", {"false", "true"}, 0) == 1;
  condition.op =
      read_choice(parameters, "operator", {"or", "and"}, 0) == 1 ? Operator::kAnd : Operator::kOr;
  read_fields(route, parameters, condition);
  return condition;
}

KeyCondition read_key(const RouteOptions& route, const std::string& text) {
  const std::string name = route.path.substr(route.path.rfind(':') + 1);
  if (!route.integer_key) {
    if (text.empty() || code_point_count(text) > kMaxTermLength) {
      fail("'" + name + "' must have 1 to 256 characters.", name, text, "1 to 256 characters");
    }
    return {text};
  }
  const auto key = to_integer<std::int64_t>(text);
  if (!key || *key < 0) {
    fail("'" + name + "' must be an integer, 0 or greater.", name, text,
         "an integer from 0 to 9223372036854775807");
  }
  return {*key};
}

TermsCondition read_terms(const RouteOptions& route, const Parameters& parameters) {
  TermsCondition condition;
  condition.terms = read_list(parameters, route.parameter);
  const std::string allowed =
      "1 to " + std::to_string(route.max_terms) + " terms of 1 to 256 characters";
  if (condition.terms.empty()) {
    fail("'" + route.parameter + "' is required.", route.parameter, "", allowed);
  }
  if (condition.terms.size() > route.max_terms) {
    fail("'" + route.parameter + "' has " + std::to_string(condition.terms.size()) + " terms.",
         route.parameter, list_of(condition.terms), allowed);
  }
  for (const auto& term : condition.terms) {
    if (code_point_count(term) > kMaxTermLength) {
      fail("'" + route.parameter + "' has a term of more than 256 characters.", route.parameter,
           term, allowed);
    }
  }
  condition.match =
      read_choice(parameters, "match", {"any", "all"}, 0) == 1 ? Match::kAll : Match::kAny;
  return condition;
}

std::vector<std::string> sort_choices(const RouteOptions& route) {
  auto choices = keys_of(route.sort.fields);
  choices.emplace_back(kScore);
  return choices;
}

Sort read_sort(const RouteOptions& route, const Parameters& parameters) {
  const auto choices = sort_choices(route);
  const auto given = parameters.one("sort_by");
  if (given && !contains(choices, *given)) fail_choice("sort_by", *given, choices);
  const std::string by = given.value_or(route.sort.default_by);
  const auto field = route.sort.fields.find(by);
  return {
      field == route.sort.fields.end() ? by : field->second,
      read_choice(parameters, "sort_order", {"asc", "desc"}, route.sort.descending ? 1 : 0) == 1};
}

std::optional<Instant> read_date(const Parameters& parameters, const std::string& name,
                                 DayBound bound) {
  const auto text = parameters.one(name);
  if (!text) return std::nullopt;
  const auto instant = parse_iso8601(*text, bound);
  if (!instant) {
    const bool lost_plus = text->find(' ') != std::string::npos;
    fail("'" + name + "' must be an ISO 8601 date or date-time." +
             (lost_plus ? " In a URL, '+' is written %2B." : ""),
         name, *text, "2026-01-24 or 2026-01-24T10:30:00Z or 2026-01-24T10:30:00+02:00");
  }
  return instant;
}

void read_dates(const Parameters& parameters, SearchRequest& request) {
  request.date_from = read_date(parameters, "date_from", DayBound::kFirst);
  request.date_to = read_date(parameters, "date_to", DayBound::kLast);
  if (request.date_from && request.date_to && *request.date_from > *request.date_to) {
    fail("'date_from' is later than 'date_to'.", "date_from", *parameters.one("date_from"),
         "a date up to date_to, " + *parameters.one("date_to"));
  }
}

}  // namespace

std::vector<std::string> parameter_names(const RouteOptions& route) {
  std::vector<std::string> names;
  if (route.kind == RouteKind::kSearch) names = {"q", "fuzzy", "operator", "fields"};
  if (route.kind == RouteKind::kByTerms) names = {route.parameter, "match"};
  names.insert(names.end(), {"limit", "offset"});
  if (!route.sort.fields.empty()) names.insert(names.end(), {"sort_by", "sort_order"});
  if (!route.date_field.empty()) names.insert(names.end(), {"date_from", "date_to"});
  return names;
}

SearchRequest read_search_request(const RouteOptions& route, const std::string& key,
                                  const std::vector<QueryParameter>& query) {
  const Parameters parameters(query, parameter_names(route));
  SearchRequest request;
  switch (route.kind) {
    case RouteKind::kSearch:
      request.condition = read_text(route, parameters);
      break;
    case RouteKind::kByKey:
      request.condition = read_key(route, key);
      break;
    case RouteKind::kByTerms:
      request.condition = read_terms(route, parameters);
      break;
  }
  const auto& limits = route.limits;
  request.limit = read_number(parameters, "limit", limits.default_limit, 1, limits.max_limit);
  request.offset = read_number(parameters, "offset", 0, 0, limits.max_offset);
  request.sort = read_sort(route, parameters);
  read_dates(parameters, request);
  return request;
}

}  // namespace sluice::search
