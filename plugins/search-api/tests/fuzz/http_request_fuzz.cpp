// Any bytes on a connection, in one piece, byte by byte, and in odd pieces: the same requests, and
// the same end. No request gets in without the key, or puts a line into an answer.
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <vector>

#include "api_keys.hpp"
#include "cors.hpp"
#include "http_parser.hpp"
#include "search_reply.hpp"

namespace sluice::search {
namespace {

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "http_request_fuzz: " << what << '\n';
  std::abort();
}

/// What a connection came to.
struct Outcome {
  std::vector<HttpRequest> requests;
  std::size_t pending = 0;
  int refused_with = 0;  // the status of the answer to what is malformed; 0: nothing was

  friend bool operator==(const Outcome& a, const Outcome& b) {
    const auto same = [](const HttpRequest& x, const HttpRequest& y) {
      return x.method == y.method && x.target == y.target && x.keep_alive == y.keep_alive;
    };
    return std::equal(a.requests.begin(), a.requests.end(), b.requests.begin(), b.requests.end(),
                      same) &&
           a.refused_with == b.refused_with && a.pending == b.pending;
  }
};

void check_access(const HttpRequest& request) {
  static const std::string key = "0123456789abcdef";
  static const ApiKeys keys({{"web", key}});
  if (keys.name_of(request) == nullptr) return;
  auto given = request.all("authorization");
  for (const auto value : request.all("x-api-key")) given.push_back(value);
  if (given.size() != 1 || !given.front().ends_with(key)) fail("lets in who has no key");
}

void check_answer(const HttpRequest& request) {
  static const Cors cors({{"https://shop.example", "http://localhost:3000"}});
  auto response = cors.preflight(request).value_or(HttpResponse{});
  for (auto& header : cors.headers_for(request)) response.headers.push_back(std::move(header));
  for (const auto& [name, value] : response.headers) {
    if ((name + value).find_first_of("\r\n") != std::string::npos) fail("a line in an answer");
  }
}

void check_request(const HttpRequest& request) {
  for (const char c : request.method + request.target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) fail("a control character in a request line");
  }
  if (request.method.empty() || request.target.empty()) fail("an empty part of a request line");
  if (request.target.size() > HttpParser::kMaxRequestLine) fail("a request line beyond its limit");
  check_access(request);
  check_answer(request);
}

void check_refusal(const Malformed& malformed) {
  if (malformed.status < 400 || malformed.status > 599 || malformed.message.empty()) {
    fail("a refusal without a reason");
  }
  if (!nlohmann::json::accept(error_reply(malformed.status, malformed.message).body)) {
    fail("an answer that is no JSON");
  }
}

/// Takes all that is complete; false once there is nothing more to come.
bool take(HttpParser& parser, Outcome& outcome) {
  while (true) {
    const auto next = parser.next();
    if (std::holds_alternative<Incomplete>(next)) return true;
    if (const auto* malformed = std::get_if<Malformed>(&next)) {
      check_refusal(*malformed);
      outcome.refused_with = malformed->status;
      return false;
    }
    outcome.requests.push_back(std::get<HttpRequest>(next));
    check_request(outcome.requests.back());
  }
}

/// `next_size` gives the size of the next piece, at least 1.
template <typename NextSize>
Outcome read(std::string_view bytes, NextSize next_size) {
  HttpParser parser;
  Outcome outcome;
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::size_t>(next_size(), bytes.size());
    parser.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (!take(parser, outcome)) return outcome;
  }
  outcome.pending = parser.pending();
  return outcome;
}

void check(std::string_view bytes) {
  const Outcome whole = read(bytes, [&] { return bytes.size(); });
  if (whole != read(bytes, [] { return 1; })) fail("byte by byte it is something else");
  std::size_t size = bytes.size();
  const auto odd_size = [&] { return 1 + (size = size * 5 + 3) % 13; };
  if (whole != read(bytes, odd_size)) fail("in pieces it is something else");
}

}  // namespace
}  // namespace sluice::search

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::search::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
