#include "http_connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "search_reply.hpp"

namespace sluice::search {
namespace {

constexpr std::size_t kReadSize = std::size_t{64} * 1024;
constexpr std::size_t kMaxDiscarded = std::size_t{1024} * 1024;
constexpr std::chrono::milliseconds kLinger{2000};

// What one connection may do before it is the others' turn.
constexpr int kRequestsPerTurn = 32;

bool is_passing(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

Connection::Connection(int socket, std::shared_ptr<ConnectionContext> context)
    : context_(std::move(context)), socket_(socket) {
  set_deadline(context_->options.request_timeout);
}

Connection::~Connection() {
  if (socket_ >= 0) ::close(socket_);
}

void Connection::start() {
  key_ = context_->loop->watch(socket_, shared_from_this());
}

void Connection::on_ready(IoLoop::Ready ready) {
  if (!ready.input && !ready.output) {
    close();
    return;
  }
  if (ready.output) flush();
  if (ready.input) read();
  serve();
}

void Connection::read() {
  if (socket_ < 0 || !wants_input_) return;
  std::array<char, kReadSize> bytes;
  const auto size = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (size < 0 && is_passing(errno)) return;
  if (size <= 0) {
    close();
    return;
  }
  if (finished_) {
    discarded_ += static_cast<std::size_t>(size);
    if (discarded_ > kMaxDiscarded) cut_off();
    return;
  }
  // Only ever shortens an idle connection's time: blank lines are no request.
  if (!parser_.in_progress()) {
    deadline_ = std::min(deadline_, Clock::now() + context_->options.request_timeout);
  }
  parser_.append({bytes.data(), static_cast<std::size_t>(size)});
}

/// A loop, not a recursion through take_response(), so that a long pipeline takes no stack.
void Connection::serve() {
  if (serving_ || socket_ < 0) return;
  serving_ = true;
  HttpRequest request;
  int served = 0;
  while (served < kRequestsPerTurn && take_request(request)) {
    hand_out(request);
    ++served;
  }
  serving_ = false;
  flush();
  watch_what_matters();
  const bool may_go_on = socket_ >= 0 && !finished_ && !is_working();
  if (served > 0 && may_go_on && parser_.pending() > 0) {
    context_->loop->post([self = shared_from_this()] { self->serve(); });
  }
}

bool Connection::take_request(HttpRequest& request) {
  if (finished_ || answering_ || output_.size() - sent_ > kReadSize) return false;
  auto next = parser_.next();
  if (std::holds_alternative<Incomplete>(next)) return false;
  if (const auto* malformed = std::get_if<Malformed>(&next)) {
    keep_alive_ = false;
    send(error(malformed->status, malformed->message), false);
    return false;
  }
  request = std::move(std::get<HttpRequest>(next));
  request.arrived = Clock::now();
  keep_alive_ = keep_alive_ && request.keep_alive;
  answering_head_ = request.method == "HEAD";
  answering_ = true;
  return true;
}

void Connection::hand_out(const HttpRequest& request) {
  const Reply reply(std::make_shared<Exchange>(shared_from_this()));
  try {
    context_->handler(request, reply);
  } catch (...) {
    reply.send(error(500, "The request could not be handled."));
  }
}

void Connection::respond(HttpResponse response) {
  if (context_->loop->on_its_thread()) {
    take_response(response);
  } else {
    context_->loop->post([self = shared_from_this(), response = std::move(response)] {
      self->take_response(response);
    });
  }
}

void Connection::take_response(const HttpResponse& response) {
  answering_ = false;
  if (socket_ < 0) return;
  send(response, answering_head_);
  serve();
}

void Connection::refuse(const std::string& message) {
  keep_alive_ = false;
  auto response = unavailable_reply(message);
  add_error_headers(response);
  send(response, false);
  serve();
}

HttpResponse Connection::error(int status, const std::string& message) const {
  auto response = error_reply(status, message);
  add_error_headers(response);
  return response;
}

void Connection::add_error_headers(HttpResponse& response) const {
  const auto& headers = context_->options.error_headers;
  response.headers.insert(response.headers.end(), headers.begin(), headers.end());
}

void Connection::send(const HttpResponse& response, bool head) {
  if (!has_output()) answer_deadline_ = Clock::now() + context_->options.answer_timeout;
  output_ += to_wire(response, head, keep_alive_);
  if (!keep_alive_) finished_ = true;
  set_deadline(context_->options.write_timeout);
}

void Connection::flush() {
  if (socket_ < 0 || !has_output()) return;
  while (has_output()) {
    const auto size = ::send(socket_, output_.data() + sent_, output_.size() - sent_,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size > 0) {
      sent_ += static_cast<std::size_t>(size);
      set_deadline(context_->options.write_timeout);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      note_held_output();
      return;
    } else if (errno != EINTR) {
      close();
      return;
    }
  }
  output_is_gone();
}

void Connection::output_is_gone() {
  output_ = {};
  sent_ = 0;
  note_held_output();
  idle_since_ = Clock::now();
  if (finished_) {
    // Not both ways at once: input still on its way would reset the connection, and the response
    // with it.
    ::shutdown(socket_, SHUT_WR);
    set_deadline(kLinger);
  } else {
    const auto& options = context_->options;
    set_deadline(parser_.in_progress() ? options.request_timeout : options.idle_timeout);
  }
}

/// Where clients that do not read make the server hold more than it may, the one that needs more
/// has to go: one that reads takes its responses at once, into its system's buffers.
void Connection::note_held_output() {
  const std::size_t held = output_.size() - sent_;
  context_->held_output += held;
  context_->held_output -= std::exchange(held_, held);
  if (held > 0 && context_->held_output > context_->options.max_held_output) cut_off();
}

void Connection::watch_what_matters() {
  if (socket_ < 0) return;
  const bool output = has_output();
  const bool input = !answering_ && !output && parser_.pending() <= kReadSize;
  if (input == wants_input_ && output == wants_output_) return;
  wants_input_ = input;
  wants_output_ = output;
  context_->loop->change(key_, socket_, input, output);
}

void Connection::tick(Clock::time_point now) {
  if (socket_ < 0) return;
  if (has_output()) {
    if (now >= std::min(deadline_, answer_deadline_)) cut_off();
  } else if (!answering_ && now >= deadline_) {
    if (finished_ || !parser_.in_progress()) {
      close();
    } else {
      keep_alive_ = false;
      send(error(408, "The request did not arrive in time."), false);
      serve();
    }
  }
}

void Connection::drain() {
  keep_alive_ = false;
  if (answering_) return;
  finished_ = true;
  if (!has_output()) close();
}

void Connection::close() {
  if (socket_ < 0) return;
  context_->loop->unwatch(key_, socket_);
  ::close(std::exchange(socket_, -1));
  open_ = false;
  finished_ = true;
  output_ = {};
  sent_ = 0;
  note_held_output();
  context_->on_closed(*this);
}

/// For clients that send without end, or do not take what they asked for: they see a reset, and the
/// kernel keeps nothing of them.
void Connection::cut_off() {
  if (socket_ < 0) return;
  const linger none{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close();
}

Exchange::~Exchange() {
  try {
    answer(connection_->error(500, "The request was not answered."));
  } catch (...) {  // memory ran out; the client runs into its own time limit
  }
}

void Exchange::answer(HttpResponse response) {
  if (!answered_.exchange(true)) connection_->respond(std::move(response));
}

void Reply::send(HttpResponse response) const {
  exchange_->answer(std::move(response));
}

bool Reply::wanted() const {
  return exchange_->wanted();
}

}  // namespace sluice::search
