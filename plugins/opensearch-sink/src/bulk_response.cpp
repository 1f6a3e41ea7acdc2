#include "bulk_response.hpp"

#include <algorithm>
#include <array>
#include <simdjson.h>

#include "refusal.hpp"

namespace sluice::opensearch {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t kMaxReasonBytes = 1000;

struct ItemError {
  std::string_view type;
  std::string_view reason;
  std::string_view cause;
};

std::string_view text_at(const object& parent, std::string_view name) {
  std::string_view text;
  // Absent or of another type: the text only explains.
  return parent[name].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

ItemError read_error(const object& result) {
  object error;
  if (result["error"].get(error) != simdjson::SUCCESS) return {};
  object cause;
  const bool caused = error["caused_by"].get(cause) == simdjson::SUCCESS;
  return {text_at(error, "type"), text_at(error, "reason"),
          caused ? text_at(cause, "reason") : std::string_view{}};
}

/// Faults of the cluster or the index that come with a status of the 400s, which otherwise stand
/// for a faulty document.
bool is_passing(const ItemError& error) {
  constexpr std::array<std::string_view, 8> kTypes = {
      "cluster_block_exception",      "index_closed_exception",
      "index_not_found_exception",    "opensearch_rejected_execution_exception",
      "rejected_execution_exception", "circuit_breaking_exception",
      "unavailable_shards_exception", "process_cluster_event_timeout_exception",
  };
  return std::find(kTypes.begin(), kTypes.end(), error.type) != kTypes.end() ||
         error.reason.starts_with("no write index is defined for alias");
}

Outcome classify(std::int64_t status, bool is_delete, bool has_error, const ItemError& error) {
  if (status >= 200 && status < 300) return Outcome::kDone;
  if (status == 404 && is_delete && !has_error) return Outcome::kDone;  // there was nothing
  if (status == 409 && error.type == "version_conflict_engine_exception") {
    return Outcome::kSuperseded;
  }
  if (is_passing_status(status) || is_passing(error)) return Outcome::kRetry;
  return Outcome::kError;
}

std::string describe(std::int64_t status, const ItemError& error) {
  std::string text = "status " + std::to_string(status);
  for (const auto part : {error.type, error.reason, error.cause}) {
    if (!part.empty()) text.append(": ").append(part);
  }
  return cut_utf8(std::move(text), kMaxReasonBytes);
}

[[noreturn]] void garbled(const std::string& what) {
  throw GarbledResponse("the answer to a bulk request is garbled: " + what);
}

ItemOutcome read_item(const element& item, const BulkItem& asked) {
  const std::string_view action = asked.is_delete ? "delete" : "index";
  object result;
  if (item[action].get(result) != simdjson::SUCCESS)
    garbled("expected an item '" + std::string(action) + "'");
  std::string_view id;
  if (result["_id"].get(id) != simdjson::SUCCESS || id != asked.id) {
    garbled("expected the item of id '" + std::string(asked.id) + "'");
  }
  std::int64_t status = 0;
  if (result["status"].get(status) != simdjson::SUCCESS) garbled("an item has no status");
  const bool has_error = result["error"].error() == simdjson::SUCCESS;
  const ItemError error = read_error(result);
  const Outcome outcome = classify(status, asked.is_delete, has_error, error);
  if (outcome == Outcome::kDone || outcome == Outcome::kSuperseded) return {outcome, {}};
  return {outcome, describe(status, error)};
}

}  // namespace

std::vector<ItemOutcome> parse_bulk_response(std::string_view body,
                                             std::span<const BulkItem> items) {
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(body.data(), body.size()).get(root);
      error != simdjson::SUCCESS) {
    garbled(simdjson::error_message(error));
  }
  simdjson::dom::array results;
  if (root["items"].get(results) != simdjson::SUCCESS) garbled("it has no items");
  std::vector<ItemOutcome> outcomes;
  outcomes.reserve(items.size());
  for (const element result : results) {
    if (outcomes.size() == items.size()) garbled("it has more items than the request");
    outcomes.push_back(read_item(result, items[outcomes.size()]));
  }
  if (outcomes.size() < items.size()) garbled("it has fewer items than the request");
  return outcomes;
}

}  // namespace sluice::opensearch
