#pragma once

#include <string>

#include <sluice/sdk.hpp>

namespace sluice::reconcile {

// Keeps live writes out of a target for as long as it lives.
class Fence {
 public:
  // Throws as JobHost does; then nothing is closed.
  Fence(JobHost& host, Context context, std::string target);
  ~Fence() { open(); }
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

 private:
  void open() noexcept;

  JobHost& host_;
  Context context_;
  const std::string target_;
};

}  // namespace sluice::reconcile
