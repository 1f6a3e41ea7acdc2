#include "fake_opensearch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::search {
namespace {

constexpr const char* kOneHit =
    R"({"took":2,"timed_out":false,"hits":{"total":{"value":1,"relation":"eq"},"hits":[)"
    R"({"_index":"p","_id":"1","_score":1.5,"_source":{"id":1,"name":"Fish"},"sort":[1.5,1]}]}})";

void answer_by_default(const httplib::Request& request, httplib::Response& response) {
  const bool count = request.path.find("/_count") != std::string::npos;
  response.set_content(count ? R"({"count":1})" : kOneHit, "application/json");
}

}  // namespace

FakeOpenSearch::FakeOpenSearch() : handler_(answer_by_default) {
  const auto handle_any = [this](const httplib::Request& request, httplib::Response& response) {
    handle(request, response);
  };
  server_.Get(".*", handle_any).Post(".*", handle_any);
  port_ = server_.bind_to_any_port("127.0.0.1");
  thread_ = std::thread([this] { server_.listen_after_bind(); });
  while (!server_.is_running()) std::this_thread::yield();  // or stop() would not reach it
}

FakeOpenSearch::~FakeOpenSearch() {
  server_.stop();
  thread_.join();
}

void FakeOpenSearch::handle(const httplib::Request& request, httplib::Response& response) {
  std::function<void(const httplib::Request&, httplib::Response&)> handler;
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back(
        {request.method, request.target, nlohmann::json::parse(request.body, nullptr, false)});
    handler = handler_;
  }
  handler(request, response);
}

void FakeOpenSearch::answer(
    std::function<void(const httplib::Request&, httplib::Response&)> handler) {
  const std::lock_guard lock(mutex_);
  handler_ = std::move(handler);
}

void FakeOpenSearch::answer(int status, const std::string& body) {
  answer([=](const httplib::Request&, httplib::Response& response) {
    response.status = status;
    response.set_content(body, "application/json");
  });
}

std::vector<FakeOpenSearch::Seen> FakeOpenSearch::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

SilentServer::SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(socket_, 64);
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
}

SilentServer::~SilentServer() {
  ::close(socket_);
}

}  // namespace sluice::search
