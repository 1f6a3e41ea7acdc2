// Threads that talk to OpenSearch, each over a connection of its own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <sluice-opensearch/client.hpp>
#include <thread>
#include <vector>

namespace sluice::search {

/// Runs jobs in the order they come. Thread-safe.
class QueryPool {
 public:
  /// One that throws ends itself alone.
  using Job = std::function<void(opensearch::Client&)>;

  /// Throws std::invalid_argument on unusable options.
  QueryPool(std::size_t threads, std::size_t max_queued,
            const opensearch::ConnectionOptions& options);

  /// Cancels requests under way; jobs that wait are dropped.
  ~QueryPool();
  QueryPool(const QueryPool&) = delete;
  QueryPool& operator=(const QueryPool&) = delete;

  /// False, and the job is not run, where `max_queued` jobs are waiting already.
  [[nodiscard]] bool submit(Job job);

 private:
  void run(opensearch::Client client, const std::stop_token& stop);

  const std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Job> jobs_;
  std::vector<std::jthread> threads_;  // last: joined before the rest goes
};

}  // namespace sluice::search
