// Any bytes as the answer to a bulk request: one outcome for each item, or a garbled answer; and no
// item counts as written unless the whole answer is there and says so.
//
// The input's first line is the request, a letter an item ("d" deletes, any other indexes) whose id
// is its place: "0", "1", ...; the rest is the answer.
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "bulk_response.hpp"

namespace sluice::opensearch {
namespace {

using nlohmann::json;

constexpr std::size_t kMostItems = 64;

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "bulk_response_fuzz: " << what << '\n';
  std::abort();
}

/// The items of a request and the text that they point to.
struct Request {
  explicit Request(std::string_view letters) {
    letters = letters.substr(0, kMostItems);
    ids.reserve(letters.size());
    for (std::size_t i = 0; i < letters.size(); ++i) {
      ids.push_back(std::to_string(i));
      items.push_back({i, ids.back(), letters[i] == 'd', 0});
    }
  }

  std::vector<std::string> ids;
  std::vector<BulkItem> items;
};

std::optional<std::vector<ItemOutcome>> parse(std::string_view answer, const Request& request) {
  try {
    return parse_bulk_response(answer, request.items);
  } catch (const GarbledResponse&) {
    return std::nullopt;
  }
}

/// What another parser finds; nothing where a member is there twice, so that two readers may well
/// differ. Fails for text that is no JSON.
std::optional<json> read_independently(std::string_view text) {
  std::vector<std::set<std::string>> names;
  bool twice = false;
  const auto watch = [&](int /*depth*/, json::parse_event_t event, const json& parsed) {
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(parsed).second) twice = true;
    return true;
  };
  auto result = json::parse(text, watch, false);
  if (result.is_discarded()) fail("takes what is no JSON");
  if (twice) return std::nullopt;
  return result;
}

void check_written(const BulkItem& asked, const json& answered) {
  const auto& result = answered.at(asked.is_delete ? "delete" : "index");
  if (result.at("_id") != asked.id) fail("written by another item's result");
  const auto& status = result.at("status");
  const bool written = status >= 200 && status < 300;
  const bool was_gone = asked.is_delete && status == 404 && !result.contains("error");
  if (!written && !was_gone) fail("written by status " + status.dump());
}

void check_superseded(const BulkItem& asked, const json& answered) {
  const auto& result = answered.at(asked.is_delete ? "delete" : "index");
  if (result.at("_id") != asked.id || result.at("status") != 409) fail("superseded by no conflict");
}

void check_outcome(const ItemOutcome& outcome, const BulkItem& asked, const json& answered) {
  const bool failed = outcome.outcome == Outcome::kRetry || outcome.outcome == Outcome::kError;
  if (failed == outcome.reason.empty()) fail("a reason where there should be none, or none");
  if (outcome.reason.size() > 1000) fail("a long reason");
  static_cast<void>(json(outcome.reason).dump());  // throws for what is not UTF-8
  if (outcome.outcome == Outcome::kDone) check_written(asked, answered);
  if (outcome.outcome == Outcome::kSuperseded) check_superseded(asked, answered);
}

/// An answer that is cut off anywhere is garbled: here at some places, chosen by its size.
void check_cut_off(std::string_view answer, const Request& request) {
  const std::string_view text = answer.substr(0, answer.find_last_of('}') + 1);
  for (std::size_t step = 1; step < text.size(); step = 2 * step + 1) {
    if (parse(text.substr(0, text.size() - step), request)) fail("takes an answer that is cut off");
  }
}

void check(std::string_view data) {
  const auto first_line = data.substr(0, data.find('\n'));
  const Request request(first_line);
  data.remove_prefix(std::min(first_line.size() + 1, data.size()));
  const std::string answer(data);  // on the heap, without room after its end
  const auto outcomes = parse(answer, request);
  if (!outcomes) return;
  if (outcomes->size() != request.items.size()) fail("not one outcome for each item");
  check_cut_off(answer, request);
  const auto independent = read_independently(answer);
  if (!independent) return;
  for (std::size_t i = 0; i < outcomes->size(); ++i) {
    check_outcome((*outcomes)[i], request.items[i], independent->at("items").at(i));
  }
}

}  // namespace
}  // namespace sluice::opensearch

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::opensearch::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
