#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace sluice {

/// Takes SIGTERM and SIGINT for the whole process, in a thread's normal course instead of a
/// handler. Make it before any other thread.
class SignalWatcher {
 public:
  SignalWatcher();
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  /// Waits for one of the signals and returns its number.
  int wait() const;
  /// Calls back, once, from a thread of its own, when one of the signals comes.
  void on_signal(std::function<void()> callback);

 private:
  std::jthread thread_;
};

/// Ends the process if it is not gone after `limit`: a client library that hangs while it closes
/// must not keep a drained host from leaving. Nothing is lost: what was not committed is read
/// again.
class ShutdownWatchdog {
 public:
  explicit ShutdownWatchdog(std::chrono::milliseconds limit);

 private:
  std::jthread thread_;
};

}  // namespace sluice
