#include "router.hpp"

#include "request_target.hpp"

namespace sluice::search {
namespace {

std::optional<std::string> match_segments(const std::vector<std::string>& pattern,
                                          const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return std::nullopt;
  std::string key;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with(':') && !segments[i].empty()) {
      key = segments[i];
    } else if (pattern[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return key;
}

}  // namespace

Router::Router(const Config& config) {
  for (const auto& route : config.routes) {
    const std::string path = config.base_path + route.path;
    entries_.push_back({&route, path, parse_target(path).segments});
  }
}

std::optional<RouteMatch> Router::match(const std::vector<std::string>& segments) const {
  for (const auto& entry : entries_) {
    if (auto key = match_segments(entry.segments, segments)) {
      return RouteMatch{entry.route, std::move(*key)};
    }
  }
  return std::nullopt;
}

std::vector<std::string> Router::paths() const {
  std::vector<std::string> paths;
  for (const auto& entry : entries_) paths.push_back(entry.path);
  return paths;
}

}  // namespace sluice::search
