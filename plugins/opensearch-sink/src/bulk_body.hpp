#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/plugin_abi.h>

namespace sluice::opensearch {

/// One action of a bulk request.
struct BulkItem {
  std::size_t index;    ///< of the document in the call to write
  std::string_view id;  ///< lives as long as that call
  bool is_delete;
  std::size_t end;  ///< where the action's text ends in the body
};

/// The newline-delimited text of a bulk request, and which part of it belongs to which document.
class BulkBody {
 public:
  /// Throws std::invalid_argument for a document that OpenSearch would refuse together with all
  /// the others of its request; the body is then unchanged.
  void add(const sluice_document& document);

  std::span<const BulkItem> items() const { return items_; }
  std::size_t bytes() const { return text_.size(); }

  /// The text of `count` items from `first` on.
  std::string_view text(std::size_t first, std::size_t count) const;

  /// Removes the first `count` items.
  void drop_front(std::size_t count);

 private:
  std::size_t start_of(std::size_t item) const { return item == 0 ? 0 : items_[item - 1].end; }

  std::string text_;
  std::vector<BulkItem> items_;
};

}  // namespace sluice::opensearch
