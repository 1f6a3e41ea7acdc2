// As much of OpenSearch as a test tells it to be.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fake_server.hpp"

namespace sluice::opensearch::testing {

struct Request {
  std::string method;
  std::string path;
  std::multimap<std::string, std::string> query;
  std::string body;

  std::string parameter(const std::string& name) const;
};

struct Answer {
  int status = 200;
  std::string body = "{}";
};

/// One action of a bulk request, as the server reads it.
struct BulkAction {
  std::string operation;  ///< index or delete
  nlohmann::json meta;    ///< _id, version, version_type
  std::string source;

  std::string id() const { return meta.at("_id"); }
};

/// What the server says to one action; without `error_type`, no error.
struct ItemAnswer {
  int status = 200;
  std::string error_type;
  std::string error_reason;
};

std::vector<BulkAction> parse_bulk(const std::string& body);

/// The answer to a bulk request whose items get what `item` says.
Answer bulk_answer(const Request& request,
                   const std::function<ItemAnswer(const BulkAction&)>& item);

/// An error as OpenSearch words it.
Answer error_answer(int status, const std::string& type, const std::string& reason);

/// Answers from handlers by method and path; requests without one get 501 and fail the test.
/// At first, bulk requests succeed, and `things` is an alias of things-2026-01-24.
class FakeOpenSearch {
 public:
  using Handler = std::function<Answer(const Request&)>;

  FakeOpenSearch();

  /// `route` is a method and a path without query: "GET /things/_count".
  void on(const std::string& route, Handler handler);
  void on(const std::string& route, Answer answer);

  /// Those that came so far, or those to one route.
  std::vector<Request> requests() const;
  std::vector<Request> requests(const std::string& route) const;

  std::string url() const { return server_.url(); }

 private:
  Answer handle(const Request& request);

  mutable std::mutex mutex_;
  std::map<std::string, Handler> handlers_;
  std::vector<Request> requests_;
  FakeServer<> server_;
};

}  // namespace sluice::opensearch::testing
