#include "job/verify.hpp"

#include <sluice/sdk.hpp>

namespace sluice {

nlohmann::json to_json(const VerifyReport& report) {
  auto examples = nlohmann::json::array();
  for (const auto& example : report.examples) {
    examples.push_back({{"id", example.id}, {"problem", example.problem}});
  }
  return {{"compared", report.compared},   {"missing", report.missing},   {"extra", report.extra},
          {"differing", report.differing}, {"repaired", report.repaired}, {"examples", examples}};
}

VerifyReport verify(const Flow& /*flow*/, WritingStages& /*stages*/, std::string_view /*target*/,
                    bool /*repair*/, const std::stop_token& /*stop*/,
                    const std::function<void(const JobProgress&)>& /*on_progress*/) {
  throw FatalError("verify is not built yet");
}

}  // namespace sluice
