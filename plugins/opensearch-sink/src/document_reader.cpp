#include "document_reader.hpp"

#include <algorithm>
#include <simdjson.h>

#include "json_writer.hpp"
#include "refusal.hpp"

namespace sluice::opensearch {
namespace {

using nlohmann::json;
namespace ondemand = simdjson::ondemand;

constexpr std::size_t kMaxPage = 10'000;  // index.max_result_window

std::string ids_body(std::span<const sluice_key* const> keys) {
  std::string body = R"({"ids":[)";
  for (const auto* key : keys) {
    append_json_string(body, to_string_view(key->id));
    body += ',';
  }
  body.back() = ']';
  return body += '}';
}

/// Throws simdjson::simdjson_error for anything unexpected.
void emit_document(ondemand::object found, const sluice_key& key, DocumentOutput& output) {
  const std::string_view id = found.find_field_unordered("_id").get_string();
  if (id != to_string_view(key.id)) throw RetryError("the answer to _mget has another order");
  ondemand::object error;
  if (found.find_field_unordered("error").get(error) == simdjson::SUCCESS) {
    throw RetryError("OpenSearch cannot read the document '" + std::string(id) +
                     "': " + cut_utf8(std::string(std::string_view(error.raw_json())), 500));
  }
  if (!found.find_field_unordered("found").get_bool()) return;
  const std::int64_t version = found.find_field_unordered("_version").get_int64();
  ondemand::object source = found.find_field_unordered("_source").get_object();
  // The id of the key, not of the answer: it must outlive the answer.
  output.document(key.index, output.copy(to_string_view(key.id)), version,
                  output.copy(source.raw_json()));
}

}  // namespace

void fetch_documents(Rest& rest, std::string_view index, std::span<const sluice_key* const> keys,
                     DocumentOutput& output) {
  if (keys.empty()) return;
  // Without filter_path: with it OpenSearch writes documents anew, and long numbers lose digits.
  const Response response =
      rest.send(Method::kPost, "/" + percent_encode(index) + "/_mget", ids_body(keys));
  if (!response.ok()) throw_refusal(response, "read documents");
  try {
    const simdjson::padded_string text(response.body);
    ondemand::parser parser;
    ondemand::document answer = parser.iterate(text);
    std::size_t next = 0;
    for (ondemand::object found : answer.find_field("docs").get_array()) {
      if (next == keys.size()) throw RetryError("the answer to _mget has too many documents");
      emit_document(found, *keys[next++], output);
    }
    if (next < keys.size()) throw RetryError("the answer to _mget has too few documents");
  } catch (const simdjson::simdjson_error& error) {
    throw RetryError(std::string("the answer to _mget is garbled: ") + error.what());
  }
}

void list_keys(Rest& rest, std::string_view index, std::string_view cursor, std::size_t limit,
               KeyOutput& output) {
  const std::string path = "/" + percent_encode(index);
  const std::size_t size = std::clamp<std::size_t>(limit, 1, kMaxPage);
  json query = {{"size", size},
                {"sort", {{{"_id", "asc"}}}},
                {"_source", false},
                {"track_total_hits", false}};
  if (cursor.empty()) {
    rest.call("refresh " + std::string(index), Method::kPost, path + "/_refresh");
  } else {
    query["search_after"] = {cursor};
  }
  // An incomplete page would pass for the last one.
  const json answer = rest.call(
      "list ids", Method::kPost,
      path + "/_search?allow_partial_search_results=false&filter_path=timed_out,hits.hits._id",
      query);
  if (answer.value("timed_out", false)) throw RetryError("OpenSearch took too long to list ids");
  const json hits = answer.value(json::json_pointer("/hits/hits"), json::array());
  std::string last;
  for (const auto& hit : hits) {
    last = hit.at("_id").get<std::string>();
    output.key(0, last);
  }
  if (hits.size() == size) output.walk(0, last);
}

}  // namespace sluice::opensearch
