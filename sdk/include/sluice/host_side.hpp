// The host's side of the boundary: batch memory and the collector behind sluice_output. Used by the
// host and by the test kit; plugins have no need of it.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/plugin_abi.h>
#include <sluice/value.hpp>

// Opaque to plugins.
struct sluice_error {
  std::string message;
};

namespace sluice {

// Memory that is freed all at once. Not thread-safe.
class Arena {
 public:
  void* allocate(std::size_t size, std::size_t alignment) {
    const auto at = (used_ + alignment - 1) / alignment * alignment;
    if (blocks_.empty() || at + size > capacity_) return allocate_from_new_block(size);
    used_ = at + size;
    return blocks_.back().get() + at;
  }

  std::string_view copy(std::string_view text) {
    char* const memory = static_cast<char*>(allocate(text.size() + 1, 1));
    std::memcpy(memory, text.data(), text.size());
    memory[text.size()] = '\0';
    return {memory, text.size()};
  }
  std::span<const sluice_value> copy(std::span<const sluice_value> items) {
    return copy_span(items);
  }
  std::span<const sluice_field> copy(std::span<const sluice_field> fields) {
    return copy_span(fields);
  }

  std::size_t bytes() const { return total_; }

 private:
  struct Free {
    void operator()(char* block) const { ::operator delete (block, std::align_val_t{kAlignment}); }
  };

  void* allocate_from_new_block(std::size_t size) {
    capacity_ = size > kBlock ? size : kBlock;
    blocks_.emplace_back(
        static_cast<char*>(::operator new (capacity_, std::align_val_t{kAlignment})));
    total_ += capacity_;
    used_ = size;
    return blocks_.back().get();
  }
  template <typename T>
  std::span<const T> copy_span(std::span<const T> items) {
    T* const memory = static_cast<T*>(allocate(items.size_bytes(), alignof(T)));
    if (!items.empty()) std::memcpy(memory, items.data(), items.size_bytes());
    return {memory, items.size()};
  }

  static constexpr std::size_t kBlock = 64 * 1024;
  static constexpr std::size_t kAlignment = 64;
  std::vector<std::unique_ptr<char, Free>> blocks_;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
  std::size_t total_ = 0;
};

}  // namespace sluice

struct sluice_outcome_entry {
  std::size_t index;
  sluice_outcome outcome;
  sluice_view message;
};

// What one call has emitted, with the memory behind it.
struct sluice_output {
  sluice::Arena arena;
  std::vector<sluice_change> changes;
  std::vector<sluice_key> keys;
  std::vector<sluice_cursor> cursors;
  std::vector<sluice_document> documents;
  std::vector<sluice_outcome_entry> outcomes;
  std::vector<sluice_value> values;
};

namespace sluice {

// The memory and emit functions of a host table; log, stopping and metrics are the host's own.
inline void fill_output_functions(sluice_host& host) {
  host.magic = SLUICE_ABI_MAGIC;
  host.abi_major = SLUICE_ABI_MAJOR;
  host.abi_minor = SLUICE_ABI_MINOR;
  host.struct_size = sizeof(sluice_host);
  host.set_error = [](sluice_error* error, sluice_view message) {
    if (error != nullptr) error->message = to_string_view(message);
  };
  host.allocate = [](sluice_output* output, std::size_t size, std::size_t alignment) {
    return output->arena.allocate(size, alignment);
  };
  host.emit_change = [](sluice_output* output, const sluice_change* change) {
    output->changes.push_back(*change);
  };
  host.emit_key = [](sluice_output* output, const sluice_key* key) {
    output->keys.push_back(*key);
  };
  host.emit_cursor = [](sluice_output* output, const sluice_cursor* cursor) {
    output->cursors.push_back(*cursor);
  };
  host.emit_document = [](sluice_output* output, const sluice_document* document) {
    output->documents.push_back(*document);
  };
  host.emit_outcome = [](sluice_output* output, std::size_t index, sluice_outcome outcome,
                         sluice_view message) {
    output->outcomes.push_back({index, outcome, message});
  };
  host.emit_value = [](sluice_output* output, const sluice_value* value) {
    output->values.push_back(*value);
  };
}

// Why a plugin's descriptor can't be used by this host; empty if it can. `entry` NULL-returning
// plugins have none.
inline std::string incompatibility(const sluice_plugin* plugin) {
  if (plugin == nullptr) return "it refused this host";
  if (plugin->magic != SLUICE_ABI_MAGIC)
    return "its descriptor is not a Sluice plugin's (magic number)";
  const auto versions = [&] {
    return "ABI " + std::to_string(plugin->abi_major) + "." + std::to_string(plugin->abi_minor) +
           ", expected " + std::to_string(SLUICE_ABI_MAJOR) + ".0 to " +
           std::to_string(SLUICE_ABI_MAJOR) + "." + std::to_string(SLUICE_ABI_MINOR);
  };
  if (plugin->abi_major != SLUICE_ABI_MAJOR) return versions();
  if (plugin->abi_minor > SLUICE_ABI_MINOR) return versions();
  constexpr auto kSmallest = SLUICE_SIZE_WITH(sluice_plugin, service);  // that of ABI 1.0
  if (plugin->struct_size < kSmallest) {
    return "its descriptor has " + std::to_string(plugin->struct_size) +
           " bytes, expected at least " + std::to_string(kSmallest);
  }
  return {};
}

}  // namespace sluice
