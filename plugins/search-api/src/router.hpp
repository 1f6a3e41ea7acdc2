// Which route a path leads to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config.hpp"

namespace sluice::search {

struct RouteMatch {
  const RouteOptions* route;
  std::string key;  ///< what stands in the place of `:name`; empty where the route has none
};

class Router {
 public:
  /// `config` must outlive the router.
  explicit Router(const Config& config);

  /// The first route, in the order of the configuration, whose path has these segments.
  std::optional<RouteMatch> match(const std::vector<std::string>& segments) const;

  /// Every path that leads somewhere, with its placeholder.
  std::vector<std::string> paths() const;

 private:
  struct Entry {
    const RouteOptions* route;
    std::string path;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;
};

}  // namespace sluice::search
