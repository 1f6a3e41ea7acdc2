#include "bulk_body.hpp"

#include <stdexcept>

#include "json_writer.hpp"

namespace sluice::opensearch {
namespace {

constexpr std::size_t kMaxIdBytes = 512;  // OpenSearch's own limit

void check(const sluice_document& document) {
  const auto id = to_string_view(document.id);
  if (id.empty() || id.size() > kMaxIdBytes) {
    throw std::invalid_argument("the document's id has " + std::to_string(id.size()) +
                                " bytes, expected 1 to " + std::to_string(kMaxIdBytes));
  }
  if (document.version < 0) {
    throw std::invalid_argument("the document's version is " + std::to_string(document.version) +
                                ", expected 0 or more");
  }
  if (document.body != nullptr && document.body->type != SLUICE_OBJECT &&
      document.body->type != SLUICE_JSON) {
    throw std::invalid_argument("the document's body is neither an object nor JSON text");
  }
}

void append_action(std::string& out, const sluice_document& document) {
  out += document.body == nullptr ? R"({"delete":{"_id":)" : R"({"index":{"_id":)";
  append_json_string(out, to_string_view(document.id));
  // external_gte, not external: the same read may be written twice, and both writes succeed.
  out += R"(,"version":)" + std::to_string(document.version) +
         R"(,"version_type":"external_gte"}})"
         "\n";
}

}  // namespace

void BulkBody::add(const sluice_document& document) {
  check(document);
  const auto start = text_.size();
  try {
    append_action(text_, document);
    if (document.body != nullptr) {
      append_json(text_, Value{document.body});
      text_ += '\n';
    }
  } catch (...) {
    text_.resize(start);
    throw;
  }
  items_.push_back(
      {document.index, to_string_view(document.id), document.body == nullptr, text_.size()});
}

std::string_view BulkBody::text(std::size_t first, std::size_t count) const {
  const auto start = start_of(first);
  return std::string_view(text_).substr(start, start_of(first + count) - start);
}

void BulkBody::drop_front(std::size_t count) {
  const auto bytes = start_of(count);
  text_.erase(0, bytes);
  items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(count));
  for (auto& item : items_) item.end -= bytes;
}

}  // namespace sluice::opensearch
