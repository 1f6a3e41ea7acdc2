#include "query_pool.hpp"

#include <utility>

namespace sluice::search {

QueryPool::QueryPool(std::size_t threads, std::size_t max_queued,
                     const opensearch::ConnectionOptions& options)
    : max_queued_(max_queued) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back(
        [this, client = opensearch::Client(options)](const std::stop_token& stop) mutable {
          run(std::move(client), stop);
        });
  }
}

QueryPool::~QueryPool() {
  for (auto& thread : threads_) thread.request_stop();
}

bool QueryPool::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() >= max_queued_) return false;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void QueryPool::run(opensearch::Client client, const std::stop_token& stop) {
  client.set_cancelled([stop] { return stop.stop_requested(); });
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !jobs_.empty(); })) return;
      if (stop.stop_requested()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    try {
      job(client);
    } catch (...) {  // memory ran out, at most; whom the job would answer is told by its Reply
    }
  }
}

}  // namespace sluice::search
