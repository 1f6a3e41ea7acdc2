#include "dlq/letter.hpp"

#include <utility>

#include "base/whole_number.hpp"

namespace sluice {

std::string to_string(LetterId id) {
  return std::to_string(id.partition) + ":" + std::to_string(id.offset);
}

std::optional<LetterId> parse_letter_id(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto partition = whole_number<std::int32_t>(text.substr(0, colon));
  const auto offset = whole_number<std::int64_t>(text.substr(colon + 1));
  if (!partition || !offset || *partition < 0 || *offset < 0) return std::nullopt;
  return LetterId{*partition, *offset};
}

std::string Letter::origin() const {
  return report.topic + "[" + std::to_string(report.partition) + "]@" +
         std::to_string(report.offset);
}

std::optional<Letter> letter_of(const sluice_record& record, std::string_view pipeline) {
  auto read = read_report(record);
  if (!read || read->report.pipeline != pipeline) return std::nullopt;
  return Letter{{record.partition, record.offset},
                record.timestamp_ms,
                std::move(read->report),
                read->own_headers};
}

bool LetterFilter::matches(const Letter& letter) const {
  return (topic.empty() || topic == letter.report.topic) &&
         (stage.empty() || stage == letter.report.stage) &&
         (!since_ms || letter.timestamp_ms >= *since_ms);
}

}  // namespace sluice
