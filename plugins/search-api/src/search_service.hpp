// The service: HTTP in front, OpenSearch behind.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "config.hpp"
#include "http_server.hpp"
#include "query_pool.hpp"
#include "request_target.hpp"
#include "router.hpp"
#include "search_request.hpp"

namespace sluice::search {

/// What the service reports; called from any of its threads.
struct Observer {
  std::function<void(std::string_view)> warn;
  std::function<void(std::string_view)> info;
  /// Once for each response: its status, and the seconds since the request was complete.
  std::function<void(int, std::chrono::duration<double>)> answered;
  /// Once for each request with a valid API key: the key's name.
  std::function<void(std::string_view)> key_used;
};

class SearchService {
 public:
  /// Throws std::invalid_argument on unusable options.
  SearchService(Config config, Observer observer);
  ~SearchService();  ///< stops at once

  /// Returns when it accepts connections. Throws std::runtime_error where it cannot listen.
  void start();

  /// Answers what is under way, for at most `timeout`, then closes.
  void stop(std::chrono::milliseconds timeout);

  /// The port it listens on, once started.
  std::uint16_t port() const { return server_->port(); }

  /// What keeps searches from being answered, for an operator, or nothing. Asks OpenSearch;
  /// thread-safe.
  std::optional<std::string> fault();

 private:
  struct Fault {
    std::string text;   ///< for everybody
    std::string cause;  ///< for an operator; may be empty
  };
  using Clock = std::chrono::steady_clock;

  void handle(const HttpRequest& request, const Reply& reply);
  std::optional<HttpResponse> respond_or_queue(const HttpRequest& request, const Reply& reply);
  std::optional<HttpResponse> queue_search(const HttpRequest& request, const Reply& reply,
                                           const RouteMatch& match,
                                           const std::vector<QueryParameter>& parameters);
  std::optional<HttpResponse> queue_health(const HttpRequest& request, const Reply& reply);
  bool admits(const HttpRequest& request) const;
  HttpResponse search(opensearch::Client& client, const SearchRequest& asked,
                      const std::string& body, Clock::time_point arrived);
  std::optional<Fault> fault_by(opensearch::Client& client, std::chrono::milliseconds left);
  std::optional<HttpResponse> refuse_method(const HttpRequest& request) const;
  HttpResponse not_found() const;
  void finish(const HttpRequest& request, const Reply& reply, HttpResponse response) const;
  void warn_if_open_to_others() const;
  void note_reachable(bool reachable, const std::string& reason);

  const Config config_;
  const Observer observer_;
  const ApiKeys api_keys_;
  const Cors cors_;
  const Router router_;
  const std::string search_path_;
  const std::string count_path_;
  std::atomic<bool> reachable_ = true;
  std::mutex fault_mutex_;
  opensearch::Client fault_client_;  // guarded by fault_mutex_

  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<QueryPool> searches_;
  std::unique_ptr<QueryPool> health_checks_;  // apart, so that busy searches do not hold them up
};

}  // namespace sluice::search
