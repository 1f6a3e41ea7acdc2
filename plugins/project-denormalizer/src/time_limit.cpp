#include "time_limit.hpp"

#include <condition_variable>
#include <mutex>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::denorm {

TimeLimit::TimeLimit(const Connection& connection, std::chrono::milliseconds time)
    : socket_(dup(connection.socket())), thread_([this, time](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        const bool in_time = wake.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
        if (!in_time) shutdown(socket_, SHUT_RDWR);
      }) {}

TimeLimit::~TimeLimit() {
  thread_.request_stop();
  thread_.join();
  close(socket_);
}

}  // namespace sluice::denorm
