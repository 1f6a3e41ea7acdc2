#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/interpolate.hpp"

namespace sluice {

/// What a client of the admin API must know: `Authorization: Bearer TOKEN`. Immutable, so
/// thread-safe.
class AdminToken {
 public:
  static constexpr std::size_t kShortest = 16;
  static constexpr std::size_t kLongest = 1024;

  /// From SLUICE_ADMIN_TOKEN, or the file that SLUICE_ADMIN_TOKEN_FILE names (one line break at its
  /// end is none of it); none if neither is set. Never from the command line, which every user of
  /// the machine can read. Throws std::runtime_error, without the token, if both are set, the file
  /// cannot be read, or the token is too short, too long, or of other characters than visible
  /// ASCII.
  static std::optional<AdminToken> from(const Environment& environment);

  /// Whether the header's value holds the token. Takes equally long wherever they differ.
  bool is_in(std::string_view authorization) const;
  /// The value of the header to send.
  std::string authorization() const { return "Bearer " + text_; }

 private:
  explicit AdminToken(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace sluice
