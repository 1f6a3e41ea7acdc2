#include "http_connection.hpp"

#include <cerrno>
#include <sys/socket.h>

#include "search_reply.hpp"

namespace sluice::search {
namespace {

constexpr std::size_t kMaxPending =
    HttpParser::kMaxHead + HttpParser::kMaxBody + std::size_t{64} * 1024;
constexpr std::size_t kMaxDiscarded = std::size_t{1024} * 1024;
constexpr std::chrono::milliseconds kLinger{2000};

}  // namespace

Connection::Connection(int socket, const HttpServer::Options& options,
                       const HttpServer::Handler& handler)
    : options_(options), handler_(handler), socket_(socket) {
  set_deadline(options_.request_timeout);
}

void Connection::on_input(std::string_view bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (finished_) {
      discarded_ += bytes.size();
      if (discarded_ > kMaxDiscarded) cut_off();
      return;
    }
    if (!answering_ && parser_.pending() == 0) set_deadline(options_.request_timeout);
    parser_.append(bytes);
    if (answering_ && parser_.pending() > kMaxPending) {
      cut_off();
      return;
    }
  }
  serve();
}

void Connection::on_closed() {
  const std::lock_guard lock(mutex_);
  socket_ = -1;
  finished_ = true;
  output_.clear();
}

/// A loop, not a recursion through respond(), so that a long pipeline takes no stack.
void Connection::serve() {
  {
    const std::lock_guard lock(mutex_);
    if (serving_) return;
    serving_ = true;
  }
  const auto self = shared_from_this();
  HttpRequest request;
  while (take_request(request)) {
    const Reply reply(std::make_shared<Exchange>(self));
    try {
      handler_(request, reply);
    } catch (...) {
      reply.send(error_reply(500, "The request could not be handled."));
    }
  }
}

bool Connection::take_request(HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  serving_ = false;
  if (finished_ || answering_ || !output_.empty()) return false;
  auto next = parser_.next();
  if (std::holds_alternative<Incomplete>(next)) return false;
  if (const auto* malformed = std::get_if<Malformed>(&next)) {
    keep_alive_ = false;
    send(error_reply(malformed->status, malformed->message), false);
    return false;
  }
  request = std::move(std::get<HttpRequest>(next));
  request.arrived = Clock::now();
  keep_alive_ = request.keep_alive;
  answering_head_ = request.method == "HEAD";
  answering_ = true;
  serving_ = true;
  return true;
}

void Connection::respond(const HttpResponse& response) {
  {
    const std::lock_guard lock(mutex_);
    answering_ = false;
    send(response, answering_head_);
  }
  serve();
}

void Connection::refuse(const HttpResponse& response) {
  const std::lock_guard lock(mutex_);
  keep_alive_ = false;
  send(response, false);
}

void Connection::send(const HttpResponse& response, bool head) {
  if (socket_ < 0) return;
  output_ += to_wire(response, head, keep_alive_);
  if (!keep_alive_) finished_ = true;
  set_deadline(options_.write_timeout);
  flush();
}

void Connection::flush() {
  std::size_t sent = 0;
  while (sent < output_.size()) {
    const auto size =
        ::send(socket_, output_.data() + sent, output_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size > 0) {
      sent += static_cast<std::size_t>(size);
      set_deadline(options_.write_timeout);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      output_.erase(0, sent);
      return;
    } else if (errno != EINTR) {
      finished_ = true;
      output_.clear();
      shut_down(SHUT_RDWR);
      return;
    }
  }
  output_.clear();
  if (finished_) {
    // Not both ways at once: input still on its way would reset the connection, and the response
    // with it.
    shut_down(SHUT_WR);
    set_deadline(kLinger);
  } else {
    set_deadline(parser_.pending() > 0 ? options_.request_timeout : options_.idle_timeout);
  }
}

void Connection::tick(Clock::time_point now) {
  {
    const std::lock_guard lock(mutex_);
    if (socket_ < 0) return;
    const bool blocked = !output_.empty();
    if (blocked) flush();
    if (!blocked && (answering_ || now < deadline_)) return;
    if (now >= deadline_) {
      const bool halfway = !finished_ && output_.empty() && parser_.pending() > 0;
      finished_ = true;
      output_.clear();
      keep_alive_ = false;
      if (halfway) {
        send(error_reply(408, "The request did not arrive in time."), false);
      } else {
        shut_down(SHUT_RDWR);
      }
      return;
    }
  }
  serve();
}

void Connection::drain() {
  const std::lock_guard lock(mutex_);
  keep_alive_ = false;
  if (answering_) return;
  finished_ = true;
  if (output_.empty()) shut_down(SHUT_RDWR);
}

void Connection::abort() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  shut_down(SHUT_RDWR);
}

bool Connection::is_open() const {
  const std::lock_guard lock(mutex_);
  return socket_ >= 0;
}

bool Connection::is_working() const {
  const std::lock_guard lock(mutex_);
  return socket_ >= 0 && (answering_ || !output_.empty());
}

void Connection::shut_down(int how) {
  if (socket_ >= 0) ::shutdown(socket_, how);
}

/// For clients that send without end: they see a reset, and the kernel keeps nothing of them.
void Connection::cut_off() {
  finished_ = true;
  if (socket_ < 0) return;
  const linger none{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  shut_down(SHUT_RDWR);
}

void Connection::set_deadline(std::chrono::milliseconds from_now) {
  deadline_ = Clock::now() + from_now;
}

Exchange::~Exchange() {
  try {
    answer(error_reply(500, "The request was not answered."));
  } catch (...) {
    connection_->abort();
  }
}

void Exchange::answer(const HttpResponse& response) {
  if (!answered_.exchange(true)) connection_->respond(response);
}

void Reply::send(const HttpResponse& response) const {
  exchange_->answer(response);
}

bool Reply::wanted() const {
  return exchange_->wanted();
}

}  // namespace sluice::search
