#pragma once

#include <CLI/CLI.hpp>

namespace sluice {

/// Adds `dlq` with its commands, which look at a pipeline's dead letters and send them back. Each
/// leaves in `code` the exit code of the process.
void add_dlq_commands(CLI::App& app, int& code);

}  // namespace sluice
