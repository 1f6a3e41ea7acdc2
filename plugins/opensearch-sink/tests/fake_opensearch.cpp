#include "fake_opensearch.hpp"

#include <gtest/gtest.h>
#include <sstream>

namespace sluice::opensearch::testing {

using nlohmann::json;

std::string Request::parameter(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

std::vector<BulkAction> parse_bulk(const std::string& body) {
  std::vector<BulkAction> actions;
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    const json action = json::parse(line);
    BulkAction parsed{action.begin().key(), action.begin().value(), ""};
    if (parsed.operation == "index") std::getline(lines, parsed.source);
    actions.push_back(std::move(parsed));
  }
  return actions;
}

Answer bulk_answer(const Request& request,
                   const std::function<ItemAnswer(const BulkAction&)>& item) {
  json items = json::array();
  for (const auto& action : parse_bulk(request.body)) {
    const ItemAnswer answer = item(action);
    json result = {{"_id", action.id()}, {"status", answer.status}};
    if (!answer.error_type.empty()) {
      result["error"] = {{"type", answer.error_type}, {"reason", answer.error_reason}};
    }
    items.push_back({{action.operation, result}});
  }
  return {200, json{{"errors", true}, {"items", items}}.dump()};
}

Answer error_answer(int status, const std::string& type, const std::string& reason) {
  return {status, json{{"error", {{"type", type}, {"reason", reason}}}, {"status", status}}.dump()};
}

FakeOpenSearch::FakeOpenSearch() {
  on("GET /things/_alias", Answer{200, R"({"things-2026-01-24":{"aliases":{"things":{}}}})"});
  on("POST /things-2026-01-24/_bulk", [](const Request& request) {
    return bulk_answer(request, [](const auto&) { return ItemAnswer{}; });
  });
  const auto dispatch = [this](const httplib::Request& request, httplib::Response& response) {
    const Answer answer = handle({request.method,
                                  request.path,
                                  {request.params.begin(), request.params.end()},
                                  request.body});
    response.status = answer.status;
    response.set_content(answer.body, "application/json");
  };
  server_.http().Get(".*", dispatch).Put(".*", dispatch).Post(".*", dispatch);
  server_.http().Delete(".*", dispatch);
  server_.start();
}

void FakeOpenSearch::on(const std::string& route, Handler handler) {
  const std::lock_guard lock(mutex_);
  handlers_[route] = std::move(handler);
}

void FakeOpenSearch::on(const std::string& route, Answer answer) {
  on(route, [answer](const Request&) { return answer; });
}

std::vector<Request> FakeOpenSearch::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<Request> FakeOpenSearch::requests(const std::string& route) const {
  std::vector<Request> found;
  for (const auto& request : requests()) {
    if (request.method + " " + request.path == route) found.push_back(request);
  }
  return found;
}

Answer FakeOpenSearch::handle(const Request& request) {
  const std::string route = request.method + " " + request.path;
  Handler handler;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    const auto found = handlers_.find(route);
    if (found != handlers_.end()) handler = found->second;
  }
  if (handler) return handler(request);
  ADD_FAILURE() << "unexpected request: " << route << " " << request.body;
  return {501, "unexpected"};
}

}  // namespace sluice::opensearch::testing
