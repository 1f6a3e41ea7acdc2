#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sluice/plugin_abi.h>

namespace sluice::debezium {

// A captured message.
struct Sample {
  std::string topic;
  std::optional<std::string> key;
  std::optional<std::string> value;

  sluice_record record() const;  // views of this sample
};

// form: "plain" or "schemas"; kind: a file's name there, without ".json".
Sample load_sample(const std::string& form, const std::string& kind);

std::vector<std::string> sample_kinds();

}  // namespace sluice::debezium
