#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pipeline/dead_letter_report.hpp"

namespace sluice {

/// Where a dead letter stands in its topic; as text `PARTITION:OFFSET`.
struct LetterId {
  std::int32_t partition = 0;
  std::int64_t offset = 0;

  auto operator<=>(const LetterId&) const = default;
};
std::string to_string(LetterId id);
std::optional<LetterId> parse_letter_id(std::string_view text);

/// A dead letter without its bytes.
struct Letter {
  LetterId id;
  std::int64_t timestamp_ms = 0;  ///< when it was written, since the epoch
  DeadLetterReport report;
  std::size_t own_headers = 0;  ///< the first so many headers of the record are its own

  /// Of the record: `topic[partition]@offset`.
  std::string origin() const;
};

/// The letter that a record of the dead-letter topic is, if it is one of this pipeline.
std::optional<Letter> letter_of(const sluice_record& record, std::string_view pipeline);

/// Which letters are meant; empty: any.
struct LetterFilter {
  std::string topic;  ///< of the record
  std::string stage;
  std::optional<std::int64_t> since_ms;  ///< written then or later, since the epoch

  bool is_empty() const { return topic.empty() && stage.empty() && !since_ms; }
  bool matches(const Letter& letter) const;
};

}  // namespace sluice
