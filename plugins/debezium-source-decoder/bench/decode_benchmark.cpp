// Events a second of one thread. Run: build/release/bin/debezium-source-decoder-bench
#include <benchmark/benchmark.h>

#include "decoding.hpp"

namespace sluice::debezium {
namespace {

void decode(benchmark::State& state, const char* form, const char* kind) {
  constexpr std::size_t kBatch = 500;
  Decoding decoding;
  const Sample sample = load_sample(form, kind);
  const sluice_record record = sample.record();
  const std::vector<const sluice_record*> batch(kBatch, &record);
  for (auto _ : state) {
    const auto output = decoding.decode(batch);
    if (output.changes.size() != kBatch) state.SkipWithError("not decoded");
  }
  const auto events = static_cast<std::int64_t>(state.iterations() * kBatch);
  state.SetItemsProcessed(events);
  state.SetBytesProcessed(events * static_cast<std::int64_t>(sample.value->size()));
}

BENCHMARK_CAPTURE(decode, plain_create, "plain", "create");
BENCHMARK_CAPTURE(decode, plain_update, "plain", "update");
BENCHMARK_CAPTURE(decode, plain_toast, "plain", "update-toast");
BENCHMARK_CAPTURE(decode, schemas_create, "schemas", "create");

}  // namespace
}  // namespace sluice::debezium
