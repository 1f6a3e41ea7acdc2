// An OpenSearch that answers every request with exactly the bytes that a test says, and closes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

namespace sluice::search {

class RawOpenSearch {
 public:
  /// Sends `answer`, and then `filler` again and again until the client has gone, if there is any.
  explicit RawOpenSearch(std::string answer, std::string filler = "");
  ~RawOpenSearch();
  RawOpenSearch(const RawOpenSearch&) = delete;
  RawOpenSearch& operator=(const RawOpenSearch&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void run(const std::stop_token& stop) const;
  void serve(int socket) const;

  const std::string answer_;
  const std::string filler_;
  int listener_;
  std::uint16_t port_;
  std::jthread thread_;
};

}  // namespace sluice::search
