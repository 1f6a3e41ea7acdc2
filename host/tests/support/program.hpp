#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "support/temp_folder.hpp"

namespace sluice::test {

/// The built program `sluice`, as a process of its own, with the test plugins in its path and the
/// log in JSON.
class Program {
 public:
  /// `variables`: NAME=VALUE, before those of this process.
  explicit Program(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& variables = {});
  /// Kills it if it still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Waits for its end, at most a minute, and returns the exit code; -1 if a signal ended it.
  int wait();
  void send(int signal) const;

  /// Its command line, as every user of the machine may read it.
  std::string command_line() const;

  std::string out() const;  ///< standard output so far
  std::string err() const;

 private:
  TempFolder folder_;
  pid_t pid_ = -1;
};

}  // namespace sluice::test
