#include "gzip.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <zlib.h>

namespace sluice::opensearch {

std::string gzip(std::string_view text) {
  constexpr int kGzipFormat = 15 + 16;  // the largest window, in a gzip wrapper
  constexpr int kMemoryLevel = 8;
  z_stream stream{};
  // The fastest level: bulk bodies are repetitive, and the time is the writer's.
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipFormat, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  // zlib counts in 32 bits, so both sides are handed over in pieces.
  constexpr std::size_t kPiece = std::numeric_limits<uInt>::max();
  std::size_t read = 0;
  std::size_t written = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data() + read));
    stream.avail_in = static_cast<uInt>(std::min(kPiece, text.size() - read));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = static_cast<uInt>(std::min(kPiece, out.size() - written));
    const auto offered_in = stream.avail_in;
    const auto offered_out = stream.avail_out;
    const bool last = read + offered_in == text.size();
    status = deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    read += offered_in - stream.avail_in;
    written += offered_out - stream.avail_out;
  }
  deflateEnd(&stream);
  out.resize(written);
  return out;
}

}  // namespace sluice::opensearch
