#pragma once

#include <stop_token>
#include <string>

#include <sluice/plugin_abi.h>

#include "metrics/metrics.hpp"

/// What the host knows of one plugin instance; opaque to the plugin.
struct sluice_context {
  std::string pipeline;
  std::string plugin;
  sluice::Metrics* metrics;
  std::stop_token stop;
};

namespace sluice {

/// The function table that every plugin gets.
const sluice_host& host_table();

}  // namespace sluice
