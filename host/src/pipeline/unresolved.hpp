#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// Documents that failed for good: how many, and the first of them by name.
class Unresolved {
 public:
  /// An empty id: it is not known.
  void add(std::string_view id, std::string_view reason);
  void add(const Unresolved& others);

  std::int64_t count() const { return count_; }
  /// `17 (division by zero), 19 (mapper_parsing_exception), and 3 more`; empty if there is none.
  std::string describe() const;

 private:
  struct Document {
    std::string id;
    std::string reason;
  };

  void name(Document document);

  std::int64_t count_ = 0;
  std::vector<Document> named_;
};

}  // namespace sluice
