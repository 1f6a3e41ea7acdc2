// Any text as what a replay of dead letters has left in Kafka, where anybody may write: it is a set
// of offsets, the same when it is written and read again.
#include <cstdlib>
#include <iostream>

#include "dlq/offset_runs.hpp"

namespace sluice {
namespace {

constexpr std::size_t kRoom = 100'000;

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "offset_runs_fuzz: " << what << '\n';
  std::abort();
}

void check_members(const OffsetRuns& runs, std::int64_t begin) {
  const auto missing = runs.first_missing(begin);
  if (missing < begin || runs.contains(missing)) fail("the first that is missing is not");
  if (missing > begin && !runs.contains(missing - 1)) fail("one before it is missing");
}

void check(std::string_view text, std::int64_t begin) {
  OffsetRuns runs;
  runs.decode(begin, text);
  check_members(runs, begin);
  const auto code = runs.encode(begin, kRoom);
  OffsetRuns again;
  again.decode(begin, code);
  if (again.encode(begin, kRoom) != code) fail("read again it is another");
  const auto part = runs.encode(begin, code.size() / 2);
  if (part.size() > code.size() / 2) fail("longer than there is room");
  if (code.compare(0, part.size(), part) != 0) fail("cut off it is another");
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sluice::check(text, 0);
  sluice::check(text, 1'000'000);
  return 0;
}
