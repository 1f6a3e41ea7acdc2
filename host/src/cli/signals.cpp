#include "cli/signals.hpp"

#include <cstdlib>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <utility>

#include "base/wait.hpp"

namespace sluice {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

SignalWatcher::SignalWatcher() {
  const auto set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A peer that goes away is an error of the write, not the end of the process.
  ::signal(SIGPIPE, SIG_IGN);
}

SignalWatcher::~SignalWatcher() = default;

int SignalWatcher::wait() const {
  const auto set = stop_signals();
  int number = 0;
  sigwait(&set, &number);
  return number;
}

void SignalWatcher::on_signal(std::function<void()> callback) {
  thread_ = std::jthread([callback = std::move(callback)](const std::stop_token& stop) {
    const auto set = stop_signals();
    const timespec slice{0, 100'000'000};
    while (!stop.stop_requested()) {
      if (sigtimedwait(&set, nullptr, &slice) > 0) return callback();
    }
  });
}

ShutdownWatchdog::ShutdownWatchdog(std::chrono::milliseconds limit)
    : thread_([limit](const std::stop_token& stop) {
        if (!sluice::wait(stop, limit)) return;
        spdlog::critical("still not stopped after {} ms: leaving", limit.count());
        std::_Exit(EXIT_FAILURE);
      }) {}

}  // namespace sluice
