#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <utility>

namespace sluice::test {

/// Holds threads up until it is opened; opens at the end of its scope, so that a failed test does
/// not hang.
class Gate {
 public:
  /// What a thread passes; outlives the gate.
  class Passage {
   public:
    explicit Passage(std::shared_future<void> opened) : opened_(std::move(opened)) {}
    void pass() const {
      ++*arrived_;
      opened_.wait();
    }
    int arrived() const { return *arrived_; }

   private:
    std::shared_future<void> opened_;
    std::shared_ptr<std::atomic<int>> arrived_ = std::make_shared<std::atomic<int>>(0);
  };

  ~Gate() { open(); }
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  const Passage& passage() const { return passage_; }
  void open() {
    if (!std::exchange(open_, true)) promise_.set_value();
  }

 private:
  std::promise<void> promise_;
  bool open_ = false;
  Passage passage_{promise_.get_future().share()};
};

}  // namespace sluice::test
