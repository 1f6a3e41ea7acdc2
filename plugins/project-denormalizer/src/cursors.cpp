#include "cursors.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace sluice::denorm {
namespace {

using Json = nlohmann::json;

template <typename T>
Json to_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

template <typename T>
std::optional<T> from_json(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.get<T>();
}

// Calls `read` with the array of `size` elements that `text` is.
template <typename Read>
auto decode_array(std::string_view text, std::size_t size, Read read) {
  try {
    const Json array = Json::parse(text);
    if (!array.is_array() || array.size() != size) throw std::invalid_argument("wrong size");
    return read(array);
  } catch (const std::exception& e) {
    throw std::invalid_argument("not a cursor of this plugin: " + std::string(text) + ": " +
                                e.what());
  }
}

}  // namespace

std::int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string WalkCursor::encode() const {
  return Json::array({to_json(route), values, tx_id, begun_ms, to_json(last)}).dump();
}

WalkCursor WalkCursor::decode(std::string_view text) {
  return decode_array(text, 5, [](const Json& array) {
    return WalkCursor{from_json<std::size_t>(array[0]), array[1].get<KeyValues>(),
                      array[2].get<std::int64_t>(), array[3].get<std::int64_t>(),
                      from_json<KeyValues>(array[4])};
  });
}

std::string ScanCursor::encode() const {
  return Json::array({to_json(after), to_json(upto)}).dump();
}

ScanCursor ScanCursor::decode(std::string_view text) {
  return decode_array(text, 2, [](const Json& array) {
    return ScanCursor{from_json<KeyValues>(array[0]), from_json<KeyValues>(array[1])};
  });
}

}  // namespace sluice::denorm
