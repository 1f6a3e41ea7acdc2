#include "pipeline/replay.hpp"

#include <spdlog/spdlog.h>
#include <unordered_map>

#include <sluice/sdk.hpp>

#include "base/backoff.hpp"
#include "base/wait.hpp"
#include "pipeline/coalescer.hpp"
#include "pipeline/settler.hpp"
#include "pipeline/stretch_reader.hpp"

namespace sluice {
namespace {

// Nobody waits for a single document of a replay, so a key is written once however often it comes
// up.
constexpr std::size_t kMaxPending = 100'000;
constexpr std::chrono::seconds kPatience{60};  // without any answer from Kafka

class Replay {
 public:
  Replay(const Flow& flow, Metrics& metrics, std::string_view target, const Snapshots& snapshots,
         const std::stop_token& stop)
      : flow_(flow),
        target_(target),
        snapshots_(snapshots),
        stop_(stop),
        routing_(flow.plugins, flow.name, &metrics, stop),
        writing_(flow.plugins, flow.name, &metrics, stop) {}

  ReplayResult run(StretchReader& reader) {
    auto patience = Clock::now() + kPatience;
    while (!reader.at_end()) {
      if (stop_.stop_requested()) throw RetryError("stopped");
      const auto batch = reader.read();
      if (batch != nullptr) {
        take_in(*batch);
        patience = Clock::now() + kPatience;
      } else if (Clock::now() > patience) {
        throw RetryError("Kafka sent nothing for a minute, short of the end of the topics");
      }
      if (pending_.size() >= kMaxPending) flush();
    }
    flush();
    return result_;
  }

 private:
  void take_in(const RecordBatch& batch) {
    const Routed routed = patiently([&] { return routing_.route(batch); });
    result_.records += static_cast<std::int64_t>(batch.size());
    result_.unresolved += static_cast<std::int64_t>(routed.failures.size());
    for (const auto& failure : routed.failures) spdlog::error("{}: {}", flow_.name, failure.reason);
    result_.is_level = result_.is_level || any_is_later(routed.keys) || any_is_later(routed.walks);
    const auto seen_keys = seen(snapshots_.copied, routed.keys);
    for (std::size_t i = 0; i < routed.keys.size(); ++i) {
      const auto& key = routed.keys[i];
      if (seen_keys[i] == SLUICE_SEEN) continue;
      auto& tx_ids = pending_[std::string(key.id)];
      if (key.tx_id != 0 && (tx_ids.empty() || tx_ids.back() != key.tx_id)) {
        tx_ids.push_back(key.tx_id);
      }
    }
    const auto seen_walks = seen(snapshots_.copied, routed.walks);
    for (std::size_t i = 0; i < routed.walks.size(); ++i) {
      if (seen_walks[i] != SLUICE_SEEN) follow(routed.walks[i]);
    }
  }

  template <typename Routes>
  std::vector<std::uint8_t> seen(const std::string& snapshot, const Routes& routes) const {
    std::vector<std::int64_t> tx_ids;
    tx_ids.reserve(routes.size());
    for (const auto& route : routes) tx_ids.push_back(route.tx_id);
    return writing_.seen(snapshot, tx_ids);
  }

  template <typename Routes>
  bool any_is_later(const Routes& routes) const {
    if (snapshots_.fenced.empty()) return false;
    const auto seen_routes = seen(snapshots_.fenced, routes);
    for (std::size_t i = 0; i < routes.size(); ++i) {
      if (routes[i].tx_id != 0 && seen_routes[i] != SLUICE_SEEN) return true;
    }
    return false;
  }

  // A stage that cannot work now is asked again, for as long as it takes.
  template <typename Call>
  auto patiently(Call call) -> decltype(call()) {
    Backoff backoff(flow_.config.errors.retry.initial, flow_.config.errors.retry.max);
    while (true) {
      try {
        return call();
      } catch (const RetryError& e) {
        const auto delay = backoff.next();
        spdlog::warn("{}: {} (tried again in {} ms)", flow_.name, e.what(), delay.count());
        if (!wait(stop_, delay)) throw;
      }
    }
  }

  void follow(const RoutedWalk& walk) {
    const auto size = flow_.config.fanout.page;
    std::optional<std::string> cursor = walk.cursor;
    while (cursor) {
      auto page = patiently([&] {
        return walk.sweep ? writing_.sweep(target_, *cursor, size) : writing_.walk(*cursor, size);
      });
      std::vector<UnsettledKey> keys;
      for (auto& id : page.ids) keys.push_back({std::move(id), tx_ids_of(walk.tx_id)});
      add(settle(flow_, writing_, target_, std::move(keys), stop_));
      cursor = std::move(page.next);
    }
  }

  void flush() {
    std::vector<UnsettledKey> keys;
    keys.reserve(pending_.size());
    for (auto& [id, tx_ids] : pending_) keys.push_back({id, std::move(tx_ids)});
    pending_.clear();
    add(settle(flow_, writing_, target_, std::move(keys), stop_));
  }

  void add(const Settled& settled) {
    result_.documents += settled.documents;
    result_.unresolved += settled.unresolved.count();
  }

  const Flow& flow_;
  const std::string target_;
  const Snapshots snapshots_;
  const std::stop_token stop_;
  RoutingStages routing_;
  WritingStages writing_;
  std::unordered_map<std::string, std::vector<std::int64_t>> pending_;
  ReplayResult result_;
};

}  // namespace

ReplayResult replay(const Flow& flow, Metrics& metrics, const std::vector<PartitionOffset>& from,
                    const std::vector<PartitionOffset>& to, std::string_view target,
                    const Snapshots& snapshots, const std::stop_token& stop) {
  StretchReader reader(flow.config.source, "sluice-replay", from, to);
  return Replay(flow, metrics, target, snapshots, stop).run(reader);
}

}  // namespace sluice
