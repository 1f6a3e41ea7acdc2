// Drives the plugin through the ABI, one record at a time.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include <sluice/sdk.hpp>
#include <sluice/testkit.hpp>

#include "samples.hpp"

namespace sluice::debezium {

inline constexpr const char* kPlaceholder = "__debezium_unavailable_value";

class Decoding {
 public:
  explicit Decoding(const std::string& placeholder = kPlaceholder)
      : instance_(host_.create(sluice_plugin_entry, SLUICE_KIND_DECODER,
                               {{"unavailable_value_placeholder", placeholder}})) {}

  // What the record gives; it must outlive the result.
  sluice_output decode(const sluice_record& record) {
    const sluice_record* const records[] = {&record};
    return decode(std::span(records));
  }
  sluice_output decode(std::span<const sluice_record* const> records) {
    sluice_output output;
    const auto status = instance_.plugin().decoder->decode(
        instance_.self(), records.data(), records.size(), &output, &instance_.error());
    if (status != SLUICE_OK) throw std::runtime_error(instance_.error().message);
    return output;
  }
  double counter(const std::string& name) { return instance_.context().counters[name]; }

 private:
  TestHost host_;
  TestHost::Instance instance_;
};

inline sluice_record make_record(std::string_view value, std::string_view key = R"({"id":1})") {
  sluice_record record{};
  record.value = to_view(value);
  record.key = to_view(key);
  return record;
}

inline nlohmann::json json_of(const sluice_value* value) {
  return to_json(Value(value));
}

}  // namespace sluice::debezium
