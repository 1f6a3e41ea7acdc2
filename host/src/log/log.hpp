#pragma once

#include <spdlog/spdlog.h>
#include <string>

namespace sluice {

enum class LogFormat { kAuto, kText, kJson };

/// Sends the log to standard error: text on a terminal, one JSON object a line otherwise (kAuto).
/// `level` is one of trace, debug, info, warn, error, off.
void start_log(LogFormat format, const std::string& level);

}  // namespace sluice
