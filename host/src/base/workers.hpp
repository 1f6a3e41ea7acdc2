#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace sluice {

/// Parts of the work for each worker: more than one, so that none ends up with a long one alone.
inline constexpr std::size_t kPartsForEachWorker = 4;

/// Runs `work` in `count` threads until all have returned, and calls `on_tick` from the calling
/// thread every `interval` meanwhile. What one throws is thrown here, after a stop was requested of
/// the others and they have returned. A stop requested from outside reaches them too.
inline void run_workers(std::size_t count, const std::stop_token& stop,
                        const std::function<void(const std::stop_token&)>& work,
                        std::chrono::milliseconds interval, const std::function<void()>& on_tick) {
  std::mutex mutex;
  std::condition_variable ended;
  std::size_t left = count;
  std::exception_ptr failure;
  std::stop_source stop_all;
  const std::stop_callback stop_with_caller(stop, [&] { stop_all.request_stop(); });

  const auto run = [&] {
    std::exception_ptr thrown;
    try {
      work(stop_all.get_token());
    } catch (...) {
      thrown = std::current_exception();
      stop_all.request_stop();
    }
    const std::lock_guard lock(mutex);
    if (!failure) failure = thrown;
    --left;
    ended.notify_all();
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) threads.emplace_back(run);
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, interval, [&] { return left == 0; })) {
      lock.unlock();
      on_tick();
      lock.lock();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace sluice
