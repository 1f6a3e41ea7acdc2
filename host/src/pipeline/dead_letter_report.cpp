#include "pipeline/dead_letter_report.hpp"

#include <utility>

#include <sluice/sdk.hpp>

#include "base/whole_number.hpp"

namespace sluice {
namespace {

constexpr std::string_view kPrefix = "__connect.errors.";
constexpr std::string_view kFirst = "__connect.errors.topic";
constexpr std::string_view kOmitted = ".omitted";
constexpr std::size_t kMaxReason = 8192;  // so that a report fits beside any record

template <typename Number>
bool parse(std::string_view text, Number& number) {
  const auto parsed = whole_number<Number>(text);
  number = parsed.value_or(number);
  return parsed.has_value();
}

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

// Whole characters only.
std::string shortened(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  auto end = most;
  while (end > 0 && is_continuation(text[end])) --end;
  return text.substr(0, end) + " …";
}

// False if the header says something that cannot be.
bool read(std::string_view name, std::string_view value, DeadLetterReport& report) {
  if (name == "topic") {
    report.topic = value;
  } else if (name == "partition") {
    return parse(value, report.partition);
  } else if (name == "offset") {
    return parse(value, report.offset);
  } else if (name == "connector.name") {
    report.pipeline = value;
  } else if (name == "task.id") {
    return parse(value, report.task);
  } else if (name == "stage") {
    report.stage = value;
  } else if (name == "class.name") {
    report.plugin = value;
  } else if (name == "exception.message") {
    report.reason = value;
  } else if (name.ends_with(kOmitted)) {
    report.omitted.emplace_back(name.substr(0, name.size() - kOmitted.size()));
  }
  return true;
}

}  // namespace

DeadLetterHeaders::DeadLetterHeaders(const DeadLetterReport& report) {
  add("topic", report.topic);
  add("partition", std::to_string(report.partition));
  add("offset", std::to_string(report.offset));
  add("connector.name", report.pipeline);
  add("task.id", std::to_string(report.task));
  add("stage", report.stage);
  add("class.name", report.plugin);
  add("exception.class.name", "RecordError");
  add("exception.message", shortened(report.reason, kMaxReason));
  for (const auto& part : report.omitted) add(part + std::string(kOmitted), "true");
}

void DeadLetterHeaders::add(std::string_view name, std::string value) {
  texts_.emplace_back(std::string(kPrefix).append(name), std::move(value));
}

void DeadLetterHeaders::append_to(std::vector<sluice_header>& headers) const {
  for (const auto& [name, value] : texts_) headers.push_back({to_view(name), to_view(value)});
}

std::optional<ReadReport> read_report(const sluice_record& letter) {
  std::size_t first = letter.header_count;
  while (first > 0 && to_string_view(letter.headers[first - 1].name) != kFirst) --first;
  if (first == 0) return std::nullopt;
  ReadReport read_so_far{{}, first - 1};
  for (std::size_t i = first - 1; i < letter.header_count; ++i) {
    const auto name = to_string_view(letter.headers[i].name);
    if (!name.starts_with(kPrefix)) continue;
    if (!read(name.substr(kPrefix.size()), to_string_view(letter.headers[i].value),
              read_so_far.report)) {
      return std::nullopt;
    }
  }
  return read_so_far;
}

}  // namespace sluice
