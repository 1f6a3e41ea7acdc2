#include "samples.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include <sluice/value.hpp>

namespace sluice::debezium {

namespace {

std::optional<std::string> text_of(const nlohmann::json& field) {
  return field.is_null() ? std::nullopt : std::optional(field.get<std::string>());
}

sluice_view view_of(const std::optional<std::string>& text) {
  return text ? to_view(*text) : sluice_view{};
}

}  // namespace

sluice_record Sample::record() const {
  sluice_record record{};
  record.topic = to_view(topic);
  record.key = view_of(key);
  record.value = view_of(value);
  return record;
}

Sample load_sample(const std::string& form, const std::string& kind) {
  std::ifstream file(std::string(SAMPLES_FOLDER) + "/" + form + "/" + kind + ".json");
  const auto json = nlohmann::json::parse(file);
  return {json["topic"], text_of(json["key"]), text_of(json["value"])};
}

std::vector<std::string> sample_kinds() {
  std::vector<std::string> kinds;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SAMPLES_FOLDER) + "/plain")) {
    kinds.push_back(entry.path().stem().string());
  }
  std::sort(kinds.begin(), kinds.end());
  return kinds;
}

}  // namespace sluice::debezium
