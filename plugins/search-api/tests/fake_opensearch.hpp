// An OpenSearch that says what a test wants.
#pragma once

#include <cstdint>
#include <functional>
#include <httplib.h>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace sluice::search {

class FakeOpenSearch {
 public:
  struct Seen {
    std::string method;
    std::string path;  ///< with its query string
    nlohmann::json body;
  };

  FakeOpenSearch();
  ~FakeOpenSearch();
  FakeOpenSearch(const FakeOpenSearch&) = delete;
  FakeOpenSearch& operator=(const FakeOpenSearch&) = delete;

  /// Answers every request from now on; by default a search has one hit and a count is 1.
  void answer(std::function<void(const httplib::Request&, httplib::Response&)> handler);
  void answer(int status, const std::string& body);

  std::vector<Seen> seen() const;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void handle(const httplib::Request& request, httplib::Response& response);

  httplib::Server server_;
  mutable std::mutex mutex_;
  std::function<void(const httplib::Request&, httplib::Response&)> handler_;
  std::vector<Seen> seen_;
  int port_;
  std::thread thread_;
};

/// A port that takes connections and never answers.
class SilentServer {
 public:
  SilentServer();
  ~SilentServer();
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  std::uint16_t port_;
};

}  // namespace sluice::search
