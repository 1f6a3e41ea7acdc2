#pragma once

#include <string>

namespace sluice {

/// Whether an entry of `source.topics` means that topic: its name, or, beginning with ^, a POSIX
/// extended expression. Throws std::regex_error if that is none.
bool names_topic(const std::string& entry, const std::string& topic);

}  // namespace sluice
