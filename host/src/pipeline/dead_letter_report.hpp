#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/plugin_abi.h>

namespace sluice {

/// What the headers of a dead letter say: where its record came from, and what was wrong. They are
/// Kafka Connect's, of its DeadLetterQueueReporter, and stand after the record's own headers.
struct DeadLetterReport {
  std::string topic;  ///< of the record
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string pipeline;
  std::int32_t task = 0;
  std::string stage;   ///< VALUE_CONVERTER, TRANSFORMATION, TASK_PUT
  std::string plugin;  ///< that failed it
  std::string reason;
  /// Parts of the record that the letter lacks, for with them it was larger than the topic takes:
  /// "value", "headers", "key".
  std::vector<std::string> omitted;
};

/// The report as headers: their names and values live as long as this does.
class DeadLetterHeaders {
 public:
  explicit DeadLetterHeaders(const DeadLetterReport& report);
  DeadLetterHeaders(const DeadLetterHeaders&) = delete;
  DeadLetterHeaders& operator=(const DeadLetterHeaders&) = delete;

  void append_to(std::vector<sluice_header>& headers) const;

 private:
  void add(std::string_view name, std::string value);

  std::vector<std::pair<std::string, std::string>> texts_;
};

struct ReadReport {
  DeadLetterReport report;
  std::size_t own_headers = 0;  ///< the first so many are the record's own
};

/// The report of a dead letter; none if the record has no such headers. Of several (a letter that
/// was sent back by hand with all its headers) the last.
std::optional<ReadReport> read_report(const sluice_record& letter);

}  // namespace sluice
