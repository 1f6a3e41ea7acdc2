// What a client asks for: the parameters of a request, checked and in the terms of the index.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "config.hpp"
#include "iso8601.hpp"
#include "request_target.hpp"

namespace sluice::search {

enum class Operator { kOr, kAnd };
enum class Match { kAny, kAll };

struct TextCondition {
  std::vector<std::string> words;         ///< none: nothing can match
  std::vector<std::string> fields;        ///< of the index, with boosts
  std::vector<std::string> exact_fields;  ///< likewise; exact even in a fuzzy search
  Operator op = Operator::kOr;
  bool fuzzy = false;
};

struct KeyCondition {
  std::variant<std::int64_t, std::string> key;
};

struct TermsCondition {
  std::vector<std::string> terms;  ///< distinct, at least one
  Match match = Match::kAny;
};

struct Sort {
  std::string field;  ///< of the index, or `_score`
  bool descending = true;
};

struct SearchRequest {
  std::variant<TextCondition, KeyCondition, TermsCondition> condition;
  std::optional<Instant> date_from;  ///< inclusive
  std::optional<Instant> date_to;    ///< inclusive
  Sort sort;
  std::uint64_t limit = 0;
  std::uint64_t offset = 0;
};

/// A parameter that cannot be used. `allowed` is a list of the possible values, or a sentence.
class ParameterError : public std::runtime_error {
 public:
  ParameterError(const std::string& message, std::string parameter, std::string value,
                 nlohmann::json allowed)
      : std::runtime_error(message),
        parameter_(std::move(parameter)),
        value_(std::move(value)),
        allowed_(std::move(allowed)) {}

  const std::string& parameter() const { return parameter_; }
  const std::string& value() const { return value_; }
  const nlohmann::json& allowed() const { return allowed_; }

 private:
  std::string parameter_;
  std::string value_;
  nlohmann::json allowed_;
};

/// Names of the query parameters that `route` takes.
std::vector<std::string> parameter_names(const RouteOptions& route);

/// Checks a request's parameters against what `route` takes. `key` is the value of the path's
/// `:name`; routes of another kind than kByKey ignore it. Throws ParameterError for the first one
/// that is unknown, repeated, missing, malformed or out of range.
SearchRequest read_search_request(const RouteOptions& route, const std::string& key,
                                  const std::vector<QueryParameter>& parameters);

}  // namespace sluice::search
