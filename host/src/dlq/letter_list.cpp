#include "dlq/letter_list.hpp"

#include <map>
#include <tuple>
#include <utility>

#include "dlq/dead_letter_topic.hpp"
#include "dlq/replayed_letters.hpp"

namespace sluice {

LetterList list_letters(const FlowConfig& flow, const std::string& pipeline,
                        const LetterFilter& filter, std::size_t limit) {
  const auto source = dead_letter_source(flow);
  const auto extents = extents_of(source);
  const ReplayedLetters replayed(flow.source, extents);
  LetterList list;
  std::map<std::pair<std::int64_t, LetterId>, LetterList::Entry> newest;
  read_stretches(source, {}, ends_of(extents), [&](const RecordBatch& records) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      auto letter = letter_of(records[i], pipeline);
      if (!letter || !filter.matches(*letter)) continue;
      const bool was_replayed = replayed.contains(letter->id);
      ++list.count;
      if (was_replayed) ++list.replayed;
      const std::pair place{letter->timestamp_ms, letter->id};
      newest.emplace(place, LetterList::Entry{std::move(*letter), was_replayed});
      if (newest.size() > limit) newest.erase(newest.begin());
    }
  });
  for (auto& [place, entry] : newest) list.newest.push_back(std::move(entry));
  return list;
}

}  // namespace sluice
