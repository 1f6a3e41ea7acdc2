// Any text as a schedule: a reason why not, or times that are each the next one.
//
// The input's first line is an instant (seconds since 1970), the second a time zone, the rest the
// expression.
#include <array>
#include <charconv>
#include <cstdlib>
#include <iostream>

#include "job/cron.hpp"

namespace sluice {
namespace {

using std::chrono::seconds;
using Time = std::chrono::system_clock::time_point;

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "cron_fuzz: " << what << '\n';
  std::abort();
}

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

/// Between 2000 and 2100.
Time instant_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return Time(seconds(946'684'800 + static_cast<std::int64_t>(number % 3'155'760'000)));
}

void check_next(const Cron& cron, Time after) {
  constexpr auto kFiveYears = std::chrono::days(5 * 366 + 1);
  for (int i = 0; i < 4; ++i) {
    const Time next = cron.next(after);
    if (next <= after || next > after + kFiveYears) fail("a time that is not the next");
    if (next.time_since_epoch() % std::chrono::minutes(1) != seconds(0)) fail("amid a minute");
    if (cron.next(next - seconds(1)) != next) fail("another time from a second before");
    after = next;
  }
}

void check(std::string_view text) {
  const Time after = instant_of(take_line(text));
  const std::string zone(take_line(text));
  try {
    check_next(Cron(text, zone), after);
  } catch (const CronError& error) {
    if (std::string_view(error.what()).empty()) fail("no reason");
  }
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
