#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <sluice/sdk.hpp>

namespace sluice::reconcile {

// Compares a new target with the source while both change. Only what differs without having
// changed in the source since the check before, after catching up in between, is held against the
// target.
class Verification {
 public:
  // sample: how many documents the first check picks.
  Verification(JobHost& host, std::string target, std::size_t sample)
      : host_(host), target_(std::move(target)), sample_(sample) {}

  // `touched`: the documents that the catch-up just before has written; counts may differ by as
  // many. True if the target is as good as the source. False: catch up and check again.
  bool check(std::int64_t touched);

  // What the last check found, for people.
  const std::string& findings() const { return findings_; }

 private:
  bool counts_agree(std::int64_t touched);
  bool samples_agree();

  JobHost& host_;
  std::string target_;
  std::size_t sample_;
  bool sampled_ = false;
  std::map<std::string, std::string> differing_;  // id to digest of the source's state
  std::string findings_;
};

}  // namespace sluice::reconcile
