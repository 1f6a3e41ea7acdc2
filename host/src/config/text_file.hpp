#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace sluice {

/// The first `max_bytes` + 1 bytes of a file, so that a caller can tell a larger one. Nothing if it
/// cannot be read, or is a folder.
std::optional<std::string> read_text_file(const std::filesystem::path& path, std::size_t max_bytes);

/// What a file that holds a secret says: one line break at its end is none of it.
inline std::string without_line_break(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace sluice
