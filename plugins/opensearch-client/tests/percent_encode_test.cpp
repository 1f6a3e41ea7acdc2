#include <gtest/gtest.h>

#include "sluice-opensearch/client.hpp"

namespace sluice::opensearch {
namespace {

TEST(PercentEncode, KeepsUnreservedCharacters) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode(""), "");
}

TEST(PercentEncode, EncodesAllElseByteByByte) {
  EXPECT_EQ(percent_encode("a/b?c#d&e=f+g %\"<>"), "a%2Fb%3Fc%23d%26e%3Df%2Bg%20%25%22%3C%3E");
  EXPECT_EQ(percent_encode("é€"), "%C3%A9%E2%82%AC");
  EXPECT_EQ(percent_encode(std::string_view("\0\xff", 2)), "%00%FF");
}

}  // namespace
}  // namespace sluice::opensearch
