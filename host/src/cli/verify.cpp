#include "job/verify.hpp"

#include <chrono>
#include <iostream>
#include <spdlog/spdlog.h>
#include <string>

#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/signals.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMaxListed = 10'000;  ///< documents in the JSON report

/// Writes progress to the log: each step once, then every 5 s.
class ProgressLog {
 public:
  void operator()(const JobProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (progress.step == step_ && now - written_ < std::chrono::seconds(5)) return;
    step_ = progress.step;
    written_ = now;
    spdlog::info("{} {}{}", progress.step, progress.done,
                 progress.total > 0 ? "/" + std::to_string(progress.total) : "");
  }

 private:
  std::string step_;
  std::chrono::steady_clock::time_point written_;
};

void print(const VerifyReport& report) {
  std::cout << "compared    " << report.compared << "\nmissing     " << report.missing
            << "\nextra       " << report.extra << "\ndiffering   " << report.differing << '\n';
  if (report.unreadable > 0) std::cout << "unreadable  " << report.unreadable << '\n';
  if (report.changing > 0) std::cout << "changing    " << report.changing << '\n';
  std::cout << "repaired    " << report.repaired << '\n';
  for (const auto& [id, problem, detail] : report.examples) {
    std::cout << "  " << problem << ' ' << id << (detail.empty() ? "" : " (" + detail + ")")
              << '\n';
  }
  if (report.examples_cut) std::cout << "  and more: --json names up to " << kMaxListed << '\n';
}

}  // namespace

int verify_index(const std::string& file, bool repair, bool as_json, PluginRegistry& registry) {
  std::stop_source stop;
  SignalWatcher signals;
  const auto loaded = load_with_flow(file, registry);
  if (!loaded) return 1;
  signals.on_signal([&stop] { stop.request_stop(); });
  WritingStages stages(loaded->flow->plugins, loaded->name, nullptr, stop.get_token());
  VerifyOptions options;
  options.repair = repair;
  if (as_json) options.max_examples = kMaxListed;
  ProgressLog progress;
  const auto report = verify(*loaded->flow, stages, options, stop.get_token(),
                             [&](const JobProgress& each) { progress(each); });
  if (as_json) {
    std::cout << to_json(report).dump(2) << '\n';
  } else {
    print(report);
  }
  return report.is_clean() ? 0 : 1;
}

}  // namespace sluice
