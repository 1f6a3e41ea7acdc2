// Any bytes as a record: a change, nothing, or an error of that record alone.
//
// The input's first line is the record's key, the rest its value; "~" for a key stands for none. A
// file of the corpus can be read, and written, as text.
#include <cstdlib>
#include <functional>
#include <iostream>
#include <set>
#include <vector>

#include "decoding.hpp"
#include "unavailable_value.hpp"

namespace sluice::debezium {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "decoder_fuzz: " << what << '\n';
  std::abort();
}

/// Bytes of their own on the heap, so that AddressSanitizer sees a read past their end.
class Bytes {
 public:
  explicit Bytes(std::string_view text) : bytes_(text.begin(), text.end()) {}
  sluice_view view() const { return {bytes_.empty() ? "" : bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};

struct Input {
  explicit Input(std::string_view data)
      : key(data.substr(0, data.find('\n'))),
        value(data.size() == key.size() ? std::string_view{} : data.substr(key.size() + 1)) {}

  std::string_view key;
  std::string_view value;
};

struct Result {
  std::vector<json> changes;
  std::string error;
};

/// Fails for a value whose text is not UTF-8, or that has no JSON form.
json read(const sluice_value* value) {
  std::function<json(Value)> read_value = [&](Value each) -> json {
    if (each.type() == SLUICE_JSON) {
      // A number beyond a double has no form in `json`, only its text.
      auto number = json::parse(each.as_json(), nullptr, false);
      return number.is_discarded() ? json(each.as_json()) : number;
    }
    if (each.is_object()) {
      auto object = json::object();
      for (const auto& field : each.as_object()) {
        object[std::string(to_string_view(field.name))] = read_value(Value(field.value));
      }
      if (object.size() != each.as_object().size()) fail("a field twice");
      return object;
    }
    if (!each.is_array()) return to_json(each);
    auto array = json::array();
    for (const auto& item : each.as_array()) array.push_back(read_value(Value(item)));
    return array;
  };
  json result = read_value(Value(value));
  static_cast<void>(result.dump());
  return result;
}

json read(const sluice_change& change) {
  return {{"op", std::string(1, static_cast<char>(change.op))},
          {"schema", to_string_view(change.schema)},
          {"table", to_string_view(change.table)},
          {"key", read(change.key)},
          {"before", read(change.before)},
          {"after", read(change.after)},
          {"tx_id", change.tx_id},
          {"lsn", change.lsn},
          {"ts_ms", change.source_ts_ms},
          {"snapshot", change.snapshot}};
}

/// The record between two good ones, which nothing in it may touch.
Result decode(Decoding& decoding, const Input& input) {
  const Bytes key(input.key);
  const Bytes value(input.value);
  sluice_record record{};
  record.value = value.view();
  if (input.key != "~") record.key = key.view();
  const auto good = make_record(R"({"op":"c","after":{"id":1},"source":{"table":"t","lsn":7}})");

  const sluice_record* const records[] = {&good, &record, &good};
  const sluice_output output = decoding.decode(std::span(records));

  Result result;
  std::size_t good_ones = 0;
  for (const auto& change : output.changes) {
    if (change.record == 1) {
      result.changes.push_back(read(change));
    } else {
      ++good_ones;
      if (change.lsn != 7 || read(change.after) != json{{"id", 1}}) fail("a neighbour has changed");
    }
  }
  if (good_ones != 2) fail("a neighbour is lost");
  for (const auto& outcome : output.outcomes) {
    if (outcome.index != 1 || outcome.outcome != SLUICE_ITEM_ERROR) fail("an odd outcome");
    result.error += to_string_view(outcome.message);
    if (result.error.empty()) fail("an error without a reason");
  }
  if (output.outcomes.size() + result.changes.size() > 1) fail("more than one result");
  return result;
}

/// The text as another parser reads it; nothing where that refuses it, where a NUL is its end, or
/// where a field is there twice, so that two readers may well differ.
std::optional<json> read_independently(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::vector<std::set<std::string>> names;
  bool twice = false;
  const auto watch = [&](int /*depth*/, json::parse_event_t event, const json& parsed) {
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(parsed).second) twice = true;
    return true;
  };
  auto result = json::parse(text, watch, false);
  if (result.is_discarded() || twice) return std::nullopt;
  return result;
}

json without_placeholders(json row) {
  if (!row.is_object()) return row;
  const UnavailableValue unavailable(kPlaceholder);
  Arena arena;
  for (auto field = row.begin(); field != row.end();) {
    field = unavailable.matches(to_value(*field, arena)) ? row.erase(field) : std::next(field);
  }
  return row;
}

/// What a change says is what another parser finds in the text.
void check_against_text(const json& change, const json& text) {
  const bool wrapped = text.contains("payload");
  if (wrapped && (text.size() > 2 || !text.contains("schema"))) return;  // parts in two places
  const json& envelope = wrapped ? text["payload"] : text;
  const auto expect = [&](const char* part, const json& found) {
    if (change[part] != found) {
      fail(std::string(part) + ": " + change[part].dump() + ", but the text has " + found.dump());
    }
  };
  const auto source = envelope.value("source", json::object());
  expect("op", envelope["op"]);
  expect("table", source.value("table", json()).is_null() ? json("") : source["table"]);
  expect("lsn", source.value("lsn", json()).is_null() ? json(0) : source["lsn"]);
  if (change["op"] == "t") return;
  const bool message = change["op"] == "m";
  expect("after", without_placeholders(envelope.value(message ? "message" : "after", json())));
  if (!message) expect("before", without_placeholders(envelope.value("before", json())));
}

void check(std::string_view data) {
  static Decoding decoding;
  const Input input(data);
  const Result result = decode(decoding, input);
  const Result again = decode(decoding, input);
  if (again.changes != result.changes || again.error != result.error) fail("not the same twice");

  const auto text = read_independently(input.value);
  if (!text) return;
  if (!result.changes.empty()) check_against_text(result.changes[0], *text);
  const bool has_mark = input.value.starts_with("\xEF\xBB\xBF");  // which only one parser skips
  if (result.error.starts_with("value: not JSON") && !has_mark) {
    fail("refuses JSON: " + result.error);
  }
}

}  // namespace
}  // namespace sluice::debezium

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::debezium::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
