// The routes of a projects index, as tests use them.
#pragma once

#include <nlohmann/json.hpp>

#include "config.hpp"

namespace sluice::search {

/// A configuration as the host hands it over.
nlohmann::json sample_options();

inline Config sample_config() {
  return read_config(sample_options());
}
inline RouteOptions text_route() {
  return sample_config().routes.at(0);
}
inline RouteOptions key_route() {
  return sample_config().routes.at(1);
}
inline RouteOptions terms_route() {
  return sample_config().routes.at(2);
}

}  // namespace sluice::search
