#include "search_service.hpp"

#include <nlohmann/json.hpp>

#include "search_body.hpp"
#include "search_reply.hpp"
#include "utf8.hpp"

namespace sluice::search {
namespace {

using std::chrono::milliseconds;

constexpr const char* kHealthPath = "/health";
constexpr const char* kUnreachable = "OpenSearch does not answer.";
constexpr std::size_t kMaxQueuedHealthChecks = 32;

milliseconds time_left(std::chrono::steady_clock::time_point deadline) {
  return std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
}

bool is_health(const std::vector<std::string>& segments) {
  return segments.size() == 1 && segments.front() == "health";
}

std::string log_text(const opensearch::Response& response) {
  return "status " + std::to_string(response.status) + ": " + shortened(response.body, 500);
}

}  // namespace

SearchService::SearchService(Config config, Observer observer)
    : config_(std::move(config)),
      observer_(std::move(observer)),
      api_keys_(config_.api_keys),
      cors_(config_.cors),
      router_(config_),
      // Without partial results a failed shard is an error, not a total that is too small.
      search_path_("/" + opensearch::percent_encode(config_.index) +
                   "/_search?allow_partial_search_results=false" +
                   (config_.terminate_after == 0
                        ? ""
                        : "&terminate_after=" + std::to_string(config_.terminate_after))),
      count_path_("/" + opensearch::percent_encode(config_.index) + "/_count?terminate_after=1"),
      fault_client_(config_.opensearch) {}

SearchService::~SearchService() {
  stop(milliseconds(0));
}

void SearchService::start() {
  searches_ = std::make_unique<QueryPool>(config_.threads, config_.max_queued, config_.opensearch);
  health_checks_ = std::make_unique<QueryPool>(1, kMaxQueuedHealthChecks, config_.opensearch);
  server_ = std::make_unique<HttpServer>(
      HttpServer::Options{.address = config_.address,
                          .port = config_.port,
                          .max_connections = config_.max_connections,
                          .error_headers = cors_.headers_for_unknown_origin()},
      [this](const HttpRequest& request, const Reply& reply) { handle(request, reply); });
  observer_.info("listening on " + config_.address + ":" + std::to_string(port()));
  warn_if_open_to_others();
  if (server_->max_connections() < config_.max_connections) {
    observer_.warn("max_connections is " + std::to_string(config_.max_connections) +
                   ", but there are file descriptors for " +
                   std::to_string(server_->max_connections()) +
                   " only: raise the limit of open files (ulimit -n)");
  }
}

void SearchService::stop(milliseconds timeout) {
  if (server_) server_->stop(timeout);
  searches_.reset();
  health_checks_.reset();
}

void SearchService::handle(const HttpRequest& request, const Reply& reply) {
  std::optional<HttpResponse> response;
  try {
    response = respond_or_queue(request, reply);
  } catch (const MalformedTarget& error) {
    response = bad_target_reply(error);
  } catch (const ParameterError& error) {
    response = bad_parameter_reply(error);
  } catch (const std::exception& error) {
    observer_.warn(std::string("a request failed: ") + error.what());
    response = error_reply(500, "The request could not be handled.");
  }
  if (response) finish(request, reply, std::move(*response));
}

/// The response where it can be given at once; nothing where a thread will give it.
std::optional<HttpResponse> SearchService::respond_or_queue(const HttpRequest& request,
                                                            const Reply& reply) {
  if (auto preflight = cors_.preflight(request)) return preflight;
  const auto target = parse_target(request.target);
  const bool health = is_health(target.segments);
  // Before anything else, so that strangers learn nothing, not even which paths there are.
  if (!health && !admits(request)) return unauthorized_reply(has_credential(request));
  const auto match = router_.match(target.segments);
  if (!match && !health) return not_found();
  if (auto refused = refuse_method(request)) return refused;
  if (!match) return queue_health(request, reply);
  return queue_search(request, reply, *match, target.parameters);
}

bool SearchService::admits(const HttpRequest& request) const {
  if (!api_keys_.required()) return true;
  const std::string* name = api_keys_.name_of(request);
  if (name != nullptr) observer_.key_used(*name);
  return name != nullptr;
}

std::optional<HttpResponse> SearchService::queue_search(
    const HttpRequest& request, const Reply& reply, const RouteMatch& match,
    const std::vector<QueryParameter>& parameters) {
  auto asked = read_search_request(*match.route, match.key, parameters);
  auto body = search_body(*match.route, asked, config_.tiebreak);
  const bool queued = searches_->submit([this, request, reply, asked = std::move(asked),
                                         body = std::move(body)](opensearch::Client& client) {
    if (!reply.wanted()) return;
    finish(request, reply, search(client, asked, body, request.arrived));
  });
  if (queued) return std::nullopt;
  return unavailable_reply("Too many searches are waiting. Try again shortly.");
}

std::optional<HttpResponse> SearchService::queue_health(const HttpRequest& request,
                                                        const Reply& reply) {
  const bool details = admits(request);
  const bool queued =
      health_checks_->submit([this, request, reply, details](opensearch::Client& client) {
        const auto left = time_left(request.arrived + config_.query_timeout);
        if (const auto what = fault_by(client, left)) {
          finish(request, reply, unavailable_reply(details ? what->text : kUnavailable));
        } else {
          nlohmann::json body = {{"status", "ok"}};
          if (details) body["index"] = config_.index;
          finish(request, reply, {200, body.dump(), {}});
        }
      });
  if (queued) return std::nullopt;
  return unavailable_reply("Too many health checks are waiting.");
}

HttpResponse SearchService::search(opensearch::Client& client, const SearchRequest& asked,
                                   const std::string& body, Clock::time_point arrived) {
  const auto left = time_left(arrived + config_.query_timeout);
  if (left <= milliseconds(0)) {
    return unavailable_reply(kUnavailable);
  }
  try {
    // `timeout` ends the collecting of hits, the other what else takes long, such as rewriting.
    const auto time = std::to_string(left.count()) + "ms";
    const auto path = search_path_ + "&timeout=" + time + "&cancel_after_time_interval=" + time;
    const auto response =
        client.request(opensearch::Method::kPost, path, body, "application/json", left);
    note_reachable(true, "");
    std::string for_log;
    auto reply = search_reply(asked, response, for_log);
    if (!for_log.empty()) observer_.warn("OpenSearch: " + for_log);
    return reply;
  } catch (const opensearch::TransportError& error) {
    note_reachable(false, error.what());
    return unavailable_reply(error.timed_out() ? "OpenSearch did not answer in time."
                                               : kUnreachable);
  } catch (const std::exception& error) {
    observer_.warn(std::string("a search failed: ") + error.what());
    return error_reply(500, "The search could not be carried out.");
  }
}

std::optional<std::string> SearchService::fault() {
  const std::lock_guard lock(fault_mutex_);
  const auto fault = fault_by(fault_client_, config_.query_timeout);
  if (!fault) return std::nullopt;
  return fault->cause.empty() ? fault->text : fault->text + " " + fault->cause;
}

/// Counts rather than asking for the cluster's health: it needs no right beyond that to search,
/// and it fails where a search would.
std::optional<SearchService::Fault> SearchService::fault_by(opensearch::Client& client,
                                                            milliseconds left) {
  if (left <= milliseconds(0)) return Fault{"Health checks are waiting for OpenSearch.", ""};
  try {
    const auto response =
        client.request(opensearch::Method::kGet, count_path_, "", "application/json", left);
    note_reachable(true, "");
    if (response.ok()) return std::nullopt;
    if (response.status == 404) {
      return Fault{"The index or alias '" + config_.index + "' does not exist.", ""};
    }
    const auto cause = log_text(response);
    observer_.warn("OpenSearch: health check: " + cause);
    return Fault{"OpenSearch answers with status " + std::to_string(response.status) + ".", cause};
  } catch (const opensearch::TransportError& error) {
    note_reachable(false, error.what());
    return Fault{kUnreachable, error.what()};
  } catch (const std::exception& error) {
    observer_.warn(std::string("the health check failed: ") + error.what());
    return Fault{"The health check failed.", error.what()};
  }
}

std::optional<HttpResponse> SearchService::refuse_method(const HttpRequest& request) const {
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  auto response = error_reply(405, "Only GET and HEAD are possible here.");
  response.headers.emplace_back("Allow", cors_.enabled() ? "GET, HEAD, OPTIONS" : "GET, HEAD");
  return response;
}

HttpResponse SearchService::not_found() const {
  std::string paths = kHealthPath;
  for (const auto& path : router_.paths()) paths += ", " + path;
  return error_reply(404, "There is nothing at this path. There is: " + paths + ".");
}

void SearchService::finish(const HttpRequest& request, const Reply& reply,
                           HttpResponse response) const {
  const auto headers = cors_.headers_for(request);
  response.headers.insert(response.headers.end(), headers.begin(), headers.end());
  observer_.answered(response.status, Clock::now() - request.arrived);
  reply.send(response);
}

void SearchService::warn_if_open_to_others() const {
  if (api_keys_.required() || server_->is_on_loopback()) return;
  observer_.warn("whoever reaches " + config_.address + ":" + std::to_string(port()) +
                 " can search: set `api_keys`, or put a proxy that asks who it is in front");
}

/// Logs the change, not every request that meets it.
void SearchService::note_reachable(bool reachable, const std::string& reason) {
  if (reachable_.exchange(reachable) == reachable) return;
  if (reachable) {
    observer_.info("OpenSearch answers again");
  } else {
    observer_.warn("OpenSearch does not answer: " + reason);
  }
}

}  // namespace sluice::search
