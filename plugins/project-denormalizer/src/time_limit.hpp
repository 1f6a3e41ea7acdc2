#pragma once

#include <chrono>
#include <thread>

#include "connection.hpp"

namespace sluice::denorm {

/// Cuts a connection if this is still there when the time is over: what waits for the server then
/// fails with Remedy::kReconnect. libpq itself would wait for a server that is alive but hangs for
/// ever.
class TimeLimit {
 public:
  TimeLimit(const Connection& connection, std::chrono::milliseconds time);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

 private:
  // Of our own: libpq may close its descriptor at any time, and another file then get its number.
  const int socket_;
  std::jthread thread_;
};

}  // namespace sluice::denorm
