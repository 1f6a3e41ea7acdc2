// What a call emits, as plugin code sees it.
#pragma once

#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include <sluice/plugin_abi.h>
#include <sluice/value.hpp>

namespace sluice {

// The host's function table in this plugin; set when the host loads it.
namespace detail {
inline const sluice_host* host = nullptr;
}

// Collects one call's results. Memory from allocate and copy belongs to the batch: it lives until
// the host is done with everything that the call emitted, and needs no freeing. Not thread-safe.
class Output {
 public:
  explicit Output(sluice_output* output) : output_(output) {}

  // Uninitialised memory for `count` objects that need no destruction.
  template <typename T>
  T* allocate(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "batch memory is freed without destructors");
    return static_cast<T*>(take(count * sizeof(T), alignof(T)));
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return "";
    char* const memory = static_cast<char*>(take(text.size(), 1));
    std::memcpy(memory, text.data(), text.size());
    return {memory, text.size()};
  }
  std::span<const sluice_value> copy(std::span<const sluice_value> items) {
    return copy_span(items);
  }
  std::span<const sluice_field> copy(std::span<const sluice_field> fields) {
    return copy_span(fields);
  }
  const sluice_value* copy(const sluice_value& value) {
    return copy_span(std::span{&value, 1}).data();
  }

 protected:
  sluice_output* raw() const { return output_; }
  void emit_outcome(std::size_t index, sluice_outcome outcome, std::string_view message) {
    detail::host->emit_outcome(output_, index, outcome, to_view(copy(message)));
  }
  // Copies the key's text.
  void emit_key(std::size_t index, std::string_view id, bool urgent) {
    const sluice_key key{index, to_view(copy(id)), nullptr, 0, urgent ? 1U : 0U};
    detail::host->emit_key(output_, &key);
  }
  void emit_cursor(std::size_t index, std::string_view state, bool sweep) {
    const sluice_cursor cursor{index, to_view(copy(state)), sweep ? 1U : 0U};
    detail::host->emit_cursor(output_, &cursor);
  }
  void emit_document(const sluice_document& document) {
    detail::host->emit_document(output_, &document);
  }

 private:
  // Small pieces come from a chunk, so that most of them cost no call across the boundary.
  void* take(std::size_t size, std::size_t alignment) {
    const std::size_t padding =
        (alignment - reinterpret_cast<std::uintptr_t>(next_) % alignment) % alignment;
    if (next_ != nullptr && padding + size <= left_) {
      void* const memory = next_ + padding;
      next_ += padding + size;
      left_ -= padding + size;
      return memory;
    }
    if (size > kChunk / 4) return detail::host->allocate(output_, size, alignment);
    next_ = static_cast<char*>(detail::host->allocate(output_, kChunk, 16));
    left_ = kChunk;
    return take(size, alignment);
  }
  template <typename T>
  std::span<const T> copy_span(std::span<const T> items) {
    T* const memory = allocate<T>(items.size());
    if (!items.empty()) std::memcpy(memory, items.data(), items.size_bytes());
    return {memory, items.size()};
  }

  static constexpr std::size_t kChunk = 8192;
  sluice_output* output_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

// decode and transform
class ChangeOutput : public Output {
 public:
  using Output::Output;
  // Copies the struct, not what it points at.
  void change(const sluice_change& change) { detail::host->emit_change(raw(), &change); }
  // Record (decode) or change (transform) `index` can never be processed.
  void fail(std::size_t index, std::string_view reason) {
    emit_outcome(index, SLUICE_ITEM_ERROR, reason);
  }
};

// route and walk
class KeyOutput : public Output {
 public:
  using Output::Output;
  // Change `index` touched the document `id`. urgent: flush at once, ahead of the batch (a delete).
  void key(std::size_t index, std::string_view id, bool urgent = false) {
    emit_key(index, id, urgent);
  }
  // Change `index` touched many documents: the host walks them from `state` on, behind fresh
  // changes. From walk(): the position to go on from.
  void walk(std::size_t index, std::string_view state) { emit_cursor(index, state, false); }
  // Change `index` may have removed any document (root table truncated): look at all that the index
  // holds.
  void sweep(std::size_t index) { emit_cursor(index, {}, true); }
  void fail(std::size_t index, std::string_view reason) {
    emit_outcome(index, SLUICE_ITEM_ERROR, reason);
  }
};

// materialize, scan, fetch
class DocumentOutput : public Output {
 public:
  using Output::Output;
  // `json` is one serialised JSON object; neither text is copied (use copy, or views that live long
  // enough).
  void document(std::size_t index, std::string_view id, std::int64_t version,
                std::string_view json) {
    const sluice_value body = make_json(json);
    emit_document({index, to_view(id), version, copy(body)});
  }
  void document(std::size_t index, std::string_view id, std::int64_t version,
                const sluice_value* body) {
    emit_document({index, to_view(id), version, body});
  }
  // The document does not exist at that version.
  void remove(std::size_t index, std::string_view id, std::int64_t version) {
    emit_document({index, to_view(id), version, nullptr});
  }
  // The key's transaction is still in progress for other sessions.
  void not_visible(std::size_t index) { emit_outcome(index, SLUICE_NOT_VISIBLE, {}); }
  // The key's transaction id has not been given out yet by this database.
  void ahead(std::size_t index) { emit_outcome(index, SLUICE_AHEAD, {}); }
  void retry(std::size_t index, std::string_view reason) {
    emit_outcome(index, SLUICE_ITEM_RETRY, reason);
  }
  void fail(std::size_t index, std::string_view reason) {
    emit_outcome(index, SLUICE_ITEM_ERROR, reason);
  }
  // scan: of the row `id` no document can be made. Whoever reads the reason can find the row only
  // by its id. In materialize the same as without it. Copies both.
  void fail(std::size_t index, std::string_view id, std::string_view reason) {
    emit_key(index, id, false);
    emit_outcome(index, SLUICE_ITEM_ERROR, reason);
  }
  // scan: where to go on.
  void next(std::string_view state) { emit_cursor(0, state, false); }
};

// ranges
class CursorOutput : public Output {
 public:
  using Output::Output;
  void range(std::string_view state) { emit_cursor(0, state, false); }
};

// write
class OutcomeOutput : public Output {
 public:
  using Output::Output;
  void done(std::size_t index) { emit_outcome(index, SLUICE_DONE, {}); }
  void superseded(std::size_t index) { emit_outcome(index, SLUICE_SUPERSEDED, {}); }
  void retry(std::size_t index, std::string_view reason) {
    emit_outcome(index, SLUICE_ITEM_RETRY, reason);
  }
  void fail(std::size_t index, std::string_view reason) {
    emit_outcome(index, SLUICE_ITEM_ERROR, reason);
  }
};

// describe, create_target, list_targets, explain, source_state
class ValueOutput : public Output {
 public:
  using Output::Output;
  // Copies the struct, not what it points at.
  void value(const sluice_value& value) { detail::host->emit_value(raw(), &value); }
};

}  // namespace sluice
