#include "http_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <random>

namespace sluice::search {
namespace {

const std::string kRequest =
    "GET /a?b=c HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nUser-Agent: test/1.0 (x; y)\r\n\r\n";

std::optional<HttpRequest> take(HttpParser& parser) {
  auto next = parser.next();
  if (auto* request = std::get_if<HttpRequest>(&next)) return std::move(*request);
  return std::nullopt;
}

int fault_status(const std::string& bytes) {
  HttpParser parser;
  parser.append(bytes);
  const auto next = parser.next();
  const auto* malformed = std::get_if<Malformed>(&next);
  return malformed == nullptr ? 0 : malformed->status;
}

TEST(HttpParser, ReadsARequest) {
  HttpParser parser;
  parser.append(kRequest);
  const auto request = take(parser);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->target, "/a?b=c");
  EXPECT_TRUE(request->keep_alive);
  EXPECT_EQ(parser.pending(), 0U);
}

TEST(HttpParser, ReadsARequestSplitAnywhere) {
  for (std::size_t split = 1; split < kRequest.size(); ++split) {
    HttpParser parser;
    parser.append(kRequest.substr(0, split));
    ASSERT_TRUE(std::holds_alternative<Incomplete>(parser.next())) << split;
    parser.append(kRequest.substr(split));
    ASSERT_TRUE(take(parser)) << split;
  }
}

TEST(HttpParser, ReadsARequestByteByByte) {
  HttpParser parser;
  for (const char c : kRequest.substr(0, kRequest.size() - 1)) {
    parser.append({&c, 1});
    ASSERT_TRUE(std::holds_alternative<Incomplete>(parser.next()));
  }
  parser.append("\n");
  EXPECT_TRUE(take(parser));
}

TEST(HttpParser, TellsRequestsApart) {
  HttpParser parser;
  parser.append(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 5"
      "\r\n\r\nGET /\r\nHEAD /3 HTTP/1.1\r\nHost: h\r\n\r\nGET");
  EXPECT_EQ(take(parser)->target, "/1");
  EXPECT_EQ(take(parser)->target, "/2");
  EXPECT_EQ(take(parser)->method, "HEAD");
  EXPECT_FALSE(take(parser));
  EXPECT_EQ(parser.pending(), 3U);
}

TEST(HttpParser, WaitsForTheWholeBody) {
  HttpParser parser;
  parser.append("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab");
  EXPECT_FALSE(take(parser));
  parser.append("c");
  EXPECT_TRUE(take(parser));
  EXPECT_EQ(parser.pending(), 0U);
}

TEST(HttpParser, KeepsNothingOfABody) {
  HttpParser parser;
  parser.append("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n");
  for (int i = 0; i < 59; ++i) {
    EXPECT_FALSE(take(parser));
    EXPECT_EQ(parser.pending(), 0U);
    EXPECT_TRUE(parser.in_progress());
    parser.append(std::string(1000, 'x'));
  }
  EXPECT_FALSE(take(parser));
  parser.append(std::string(1000, 'x') + "GET");
  EXPECT_TRUE(take(parser));
  EXPECT_EQ(parser.pending(), 3U);
}

TEST(HttpParser, KeepsHeadersUnderTheirNamesInLowerCase) {
  HttpParser parser;
  parser.append("GET / HTTP/1.1\r\nHOST: h\r\nX-Api-Key:  k \r\nx-api-key: l\r\n\r\n");
  const auto request = take(parser).value();
  EXPECT_THAT(request.all("x-api-key"), ::testing::ElementsAre("k", "l"));
  EXPECT_THAT(request.all("host"), ::testing::ElementsAre("h"));
  EXPECT_THAT(request.all("cookie"), ::testing::IsEmpty());
}

TEST(HttpParser, KnowsWhetherToKeepTheConnection) {
  const auto keeps = [](const std::string& line_and_headers) {
    HttpParser parser;
    parser.append(line_and_headers + "\r\n\r\n");
    return take(parser).value().keep_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: h"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: Close"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: TE, close"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nconnection: keep-alive"));
}

TEST(HttpParser, TakesUtf8InTheTarget) {
  HttpParser parser;
  parser.append("GET /?q=日本 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(take(parser)->target, "/?q=日本");
}

/// Requests with random damage, in random pieces: whatever comes out, nothing may crash or hang.
TEST(HttpParser, SurvivesDamagedRequests) {
  std::mt19937 random(7);
  const std::string good = kRequest + "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
  std::size_t requests = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (auto damages = random() % 4; damages > 0; --damages) {
      const auto at = random() % bytes.size();
      if (random() % 2 == 0) {
        bytes[at] = static_cast<char>(random() % 256);
      } else {
        bytes.erase(at, random() % 8);
      }
      if (bytes.empty()) bytes = "x";
    }
    HttpParser parser;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto size = 1 + random() % bytes.size();
      parser.append(std::string_view(bytes).substr(at, size));
      at += size;
      while (take(parser)) ++requests;
      if (std::holds_alternative<Malformed>(parser.next())) break;
    }
  }
  EXPECT_GT(requests, 10'000U);
}

struct Broken {
  const char* what;
  std::string bytes;
  int status;
};

class HttpParserRefuses : public ::testing::TestWithParam<Broken> {};

TEST_P(HttpParserRefuses, WithThisStatus) {
  EXPECT_EQ(fault_status(GetParam().bytes), GetParam().status) << GetParam().bytes;
}

std::string with(const std::string& headers) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Broken, HttpParserRefuses,
    ::testing::Values(
        Broken{"Tls", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
        Broken{"Http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        Broken{"NoVersion", "GET /\r\n\r\n", 400},
        Broken{"OddVersion", "GET / HTTP/1.2.3\r\n\r\n", 400},
        Broken{"NoTarget", "GET  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Broken{"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Broken{"ControlInTarget", "GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Broken{"BadMethod", "G{T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Broken{"BareLineFeed", "GET / HTTP/1.1\nHost: h\n\n", 400},
        Broken{"BareLineFeedInHeaders", with("A: b\nC: d"), 400},
        Broken{"NoHost", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400},
        Broken{"TwoHosts", with("Host: i"), 400}, Broken{"NoColon", with("broken"), 400},
        Broken{"SpaceBeforeColon", with("A : b"), 400}, Broken{"Folded", with("A: b\r\n c"), 400},
        Broken{"NulInHeader", with(std::string("A: b\0c", 6)), 400},
        Broken{"LengthAndChunked", with("Content-Length: 5\r\nTransfer-Encoding: chunked"), 501},
        Broken{"ChunkedHidden", with("Transfer-Encoding: xchunked"), 501},
        Broken{"TransferEncodingTwice",
               with("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"), 501},
        Broken{"SpaceInTransferEncoding", with("Transfer-Encoding : chunked"), 400},
        Broken{"FoldedTransferEncoding", with("A: b\r\n\tTransfer-Encoding: chunked"), 400},
        Broken{"BareCarriageReturn", with("A: b\rTransfer-Encoding: chunked"), 400},
        Broken{"NulInName", with(std::string("A\0B: c", 6)), 400},
        Broken{"LengthList", with("Content-Length: 1, 1"), 400},
        Broken{"LengthHexadecimal", with("Content-Length: 0x5"), 400},
        Broken{"TooManyHeaders", with([] {
                 std::string headers;
                 for (int i = 0; i < 100; ++i) headers += "A: b\r\n";
                 return headers + "A: b";
               }()),
               431},
        Broken{"LengthNotANumber", with("Content-Length: abc"), 400},
        Broken{"LengthSigned", with("Content-Length: +1"), 400},
        Broken{"LengthEmpty", with("Content-Length:"), 400},
        Broken{"LengthTwice", with("Content-Length: 1\r\nContent-Length: 2"), 400},
        Broken{"LengthHuge", with("Content-Length: 99999999999999999999"), 413},
        Broken{"BodyTooLarge", with("Content-Length: 65537"), 413},
        Broken{"Chunked", with("Transfer-Encoding: chunked"), 501},
        Broken{"LongLine", "GET /" + std::string(HttpParser::kMaxRequestLine, 'a'), 414},
        Broken{"LongHeaders", with("A: " + std::string(HttpParser::kMaxHead, 'a')), 431},
        Broken{"EndlessHeaders", "GET / HTTP/1.1\r\nA: " + std::string(HttpParser::kMaxHead, 'a'),
               431}),
    [](const auto& param_info) { return std::string(param_info.param.what); });

}  // namespace
}  // namespace sluice::search
