#include "admin/admin_server.hpp"

#include <spdlog/spdlog.h>
#include <stdexcept>
#include <utility>

#include "admin/bounded_server.hpp"

namespace sluice {
namespace {

void answer(httplib::Response& response, int status, const Json& body) {
  response.status = status;
  response.set_content(body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
                       "application/json");
}

// In the form that Kafka Connect's clients know.
void refuse(httplib::Response& response, int status, const std::string& message) {
  answer(response, status, {{"error_code", status}, {"message", message}});
}

// A request without a length has no body. The library would wait for one until it gives up, unless
// a handler does the reading.
bool skip_body(const httplib::Request& request, const httplib::ContentReader& read) {
  if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) {
    return true;
  }
  const auto skip = [](const char*, std::size_t) { return true; };
  if (!request.is_multipart_form_data()) return read(skip);
  return read([](const httplib::MultipartFormData&) { return true; }, skip);
}

bool has_body(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
}

bool admits(const Access& access, const httplib::Request& request, httplib::Response& response) {
  const auto refusal = access.refusal(request);
  if (!refusal) return true;
  if (refusal->status == 401) response.set_header("WWW-Authenticate", "Bearer");
  refuse(response, refusal->status, refusal->reason);
  return false;
}

// As it stands in a URL.
std::string to_string(const AdminAddress& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

void refuse_path(const httplib::Request& request, httplib::Response& response) {
  refuse(response, 404, "no such resource: " + request.path);
}

void trigger_job(const Host& host, const httplib::Request& request, httplib::Response& response) {
  const auto* const pipeline = host.find(request.matches[1]);
  if (pipeline == nullptr) return refuse(response, 404, "no pipeline " + request.matches[1].str());
  for (const auto& job : pipeline->jobs()) {
    if (job->name() != request.matches[2].str()) continue;
    if (!job->trigger()) return refuse(response, 409, "the job is running already");
    return answer(response, 202, {{"job", job->name()}, {"state", "TRIGGERED"}});
  }
  refuse(response, 404, "no job " + request.matches[2].str() + " in " + pipeline->name());
}

}  // namespace

AdminServer::AdminServer(const AdminAddress& address, std::optional<AdminToken> token, Host& host)
    : access_(std::move(token)), server_(std::make_unique<BoundedServer>()) {
  if (!access_.has_token() && !is_loopback(address.host)) {
    throw std::runtime_error("without a token the admin API listens on loopback only, not on " +
                             address.host +
                             ": set SLUICE_ADMIN_TOKEN_FILE (a file that holds one) or "
                             "SLUICE_ADMIN_TOKEN, or choose another address (--admin)");
  }
  server_->set_payload_max_length(64 * 1024);
  // Without this, two hosts could share the port unnoticed.
  server_->set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  add_routes(host);
  const bool bound = address.port == 0 ? (port_ = server_->bind_to_any_port(address.host)) > 0
                                       : server_->bind_to_port(address.host, port_ = address.port);
  if (!bound) {
    throw std::runtime_error("the admin API cannot listen on " + to_string(address) +
                             ": the port is taken, or this machine has no such address (see "
                             "--admin)");
  }
  thread_ = std::jthread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::yield();  // stop() before that would be lost
  spdlog::info("admin API on http://{}", to_string({address.host, port_}));
}

AdminServer::~AdminServer() {
  server_->stop();
}

void AdminServer::add_routes(Host& host) {
  // A request with a body is looked at once that is read: see with_body.
  server_->set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        const bool goes_on = has_body(request.method) || admits(access_, request, response);
        return goes_on ? httplib::Server::HandlerResponse::Unhandled
                       : httplib::Server::HandlerResponse::Handled;
      });
  server_->Get("/health", [](const httplib::Request&, httplib::Response& response) {
    answer(response, 200, {{"status", "UP"}});
  });
  server_->Get("/ready",
               [&host, this](const httplib::Request& request, httplib::Response& response) {
                 const Json all = host.readiness();
                 const auto& ready = all["ready"];
                 answer(response, ready == true ? 200 : 503,
                        access_.is_full(request) ? all : Json{{"ready", ready}});
               });
  server_->Get("/metrics", [&host](const httplib::Request&, httplib::Response& response) {
    response.set_content(host.metrics_text(), "text/plain; version=0.0.4; charset=utf-8");
  });
  server_->Get("/pipelines", [&host](const httplib::Request&, httplib::Response& response) {
    answer(response, 200, host.status());
  });
  const auto with_body = [this](auto handle) {
    return [this, handle](const httplib::Request& request, httplib::Response& response,
                          const httplib::ContentReader& read) {
      if (skip_body(request, read) && admits(access_, request, response)) {
        handle(request, response);
      }
    };
  };
  server_->Post(R"(/pipelines/([^/]+)/jobs/([^/]+)/run)",
                with_body([&host](const httplib::Request& request, httplib::Response& response) {
                  trigger_job(host, request, response);
                }));
  const auto elsewhere = with_body(refuse_path);
  server_->Post(".*", elsewhere);
  server_->Put(".*", elsewhere);
  server_->Patch(".*", elsewhere);
  server_->Delete(".*", elsewhere);
  server_->set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    if (!response.body.empty()) return;
    if (response.status == 404) return refuse_path(request, response);
    refuse(response, response.status,
           response.status < 500 ? "the request cannot be read: it is too large, or no HTTP"
                                 : "the request could not be handled");
  });
}

}  // namespace sluice
