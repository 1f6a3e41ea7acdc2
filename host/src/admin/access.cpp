#include "admin/access.hpp"

#include <arpa/inet.h>
#include <httplib.h>

namespace sluice {
namespace {

// `name`, `name:port`, `[address]:port`
std::string host_of(const std::string& authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    return end == std::string::npos ? authority : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

// A page of any site can be given a name that leads to this machine (DNS rebinding); the browser
// still says which name it asked for.
bool names_this_machine(const httplib::Request& request) {
  return !request.has_header("Host") || is_loopback(host_of(request.get_header_value("Host")));
}

// Browsers say which page a POST comes from; other clients do not.
bool comes_from_elsewhere(const httplib::Request& request) {
  if (!request.has_header("Origin")) return false;
  const auto origin = request.get_header_value("Origin");
  const auto scheme = origin.find("://");
  return scheme == std::string::npos || !is_loopback(host_of(origin.substr(scheme + 3)));
}

bool is_open(const httplib::Request& request) {
  return (request.method == "GET" || request.method == "HEAD") &&
         (request.path == "/health" || request.path == "/ready");
}

}  // namespace

// By its number: a name such as 127.example.org could be anywhere.
bool is_loopback(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
  return host == "localhost" || host == "::1";
}

std::optional<Access::Refusal> Access::refusal(const httplib::Request& request) const {
  if (token_) {
    if (is_full(request)) return std::nullopt;
    if (request.has_header("Authorization")) return Refusal{401, "the token is wrong"};
    if (is_open(request)) return std::nullopt;
    return Refusal{401, "a token is needed: Authorization: Bearer TOKEN"};
  }
  if (!names_this_machine(request)) {
    return Refusal{403,
                   "without a token (SLUICE_ADMIN_TOKEN) the admin API is asked by a loopback "
                   "name only, not as " +
                       request.get_header_value("Host")};
  }
  if (comes_from_elsewhere(request)) {
    return Refusal{403, "not for pages of " + request.get_header_value("Origin")};
  }
  return std::nullopt;
}

bool Access::is_full(const httplib::Request& request) const {
  return !token_ || token_->is_in(request.get_header_value("Authorization"));
}

}  // namespace sluice
