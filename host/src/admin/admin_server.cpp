#include "admin/admin_server.hpp"

#include <arpa/inet.h>
#include <httplib.h>
#include <spdlog/spdlog.h>
#include <stdexcept>

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

// An address by its number: a name such as 127.example.org could be anywhere.
bool is_loopback(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
  return host == "localhost" || host == "::1";
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

AdminServer::AdminServer(const AdminAddress& address, Host& host)
    : server_(std::make_unique<httplib::Server>()) {
  if (!is_loopback(address.host)) {
    throw std::runtime_error("the admin API listens on loopback only, not on " + address.host);
  }
  server_->set_payload_max_length(64 * 1024);
  server_->set_read_timeout(5);
  server_->set_write_timeout(5);
  server_->set_keep_alive_timeout(5);
  server_->new_task_queue = [] { return new httplib::ThreadPool(4); };
  // Without this, two hosts could share the port unnoticed.
  server_->set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  add_routes(host);
  const bool bound = address.port == 0 ? (port_ = server_->bind_to_any_port(address.host)) > 0
                                       : server_->bind_to_port(address.host, port_ = address.port);
  if (!bound) {
    throw std::runtime_error("the admin API cannot listen on " + address.host + ":" +
                             std::to_string(address.port) + ": the port is taken (see --admin)");
  }
  thread_ = std::jthread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::yield();  // stop() before that would be lost
  spdlog::info("admin API on http://{}:{}", address.host, port_);
}

AdminServer::~AdminServer() {
  server_->stop();
}

void AdminServer::add_routes(Host& host) {
  server_->Get("/health", [](const httplib::Request&, httplib::Response& response) {
    answer(response, 200, {{"status", "UP"}});
  });
  server_->Get("/ready", [&host](const httplib::Request&, httplib::Response& response) {
    const auto problems = host.problems();
    answer(response, problems.empty() ? 200 : 503,
           {{"ready", problems.empty()}, {"problems", problems}});
  });
  server_->Get("/metrics", [&host](const httplib::Request&, httplib::Response& response) {
    response.set_content(host.metrics().text(), "text/plain; version=0.0.4; charset=utf-8");
  });
  server_->Get("/pipelines", [&host](const httplib::Request&, httplib::Response& response) {
    answer(response, 200, host.status());
  });
  server_->Post(R"(/pipelines/([^/]+)/jobs/([^/]+)/run)",
                [&host](const httplib::Request& request, httplib::Response& response,
                        const httplib::ContentReader& read) {
                  if (skip_body(request, read)) trigger_job(host, request, response);
                });
  const auto elsewhere = [](const httplib::Request& request, httplib::Response& response,
                            const httplib::ContentReader& read) {
    if (skip_body(request, read)) refuse_path(request, response);
  };
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
