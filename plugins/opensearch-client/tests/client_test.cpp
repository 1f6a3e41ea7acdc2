#include "sluice-opensearch/client.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <set>

#include "fake_server.hpp"
#include "raw_server.hpp"

namespace sluice::opensearch {
namespace {

using namespace std::chrono_literals;
using testing::Ending;
using ::testing::EndsWith;
using testing::FakeServer;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawServer;
using testing::Script;
using ::testing::StartsWith;

ConnectionOptions options_for(const std::string& url) {
  ConnectionOptions options;
  options.url = url;
  options.request_timeout = 10s;
  return options;
}

/// Sends a GET that must fail, and gives the error.
TransportError failure_of(Client& client, std::chrono::milliseconds timeout = 10s) {
  try {
    const auto response = client.request(Method::kGet, "/_bulk?q=1", {}, {}, timeout);
    ADD_FAILURE() << "answered " << response.status << " " << response.body;
  } catch (const TransportError& error) {
    return error;
  }
  return {TransportError::Kind::kConnection, "no failure"};
}

TEST(Client, SendsMethodPathBodyAndContentType) {
  FakeServer<> server;
  const auto echo = [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.method + " " + request.target + " " +
                             request.get_header_value("Content-Type") + " " + request.body,
                         "text/plain");
  };
  server.http().Get(".*", echo).Post(".*", echo).Put(".*", echo).Delete(".*", echo);
  server.start();
  Client client(options_for(server.url()));
  const auto body_of = [&](Method method, std::string_view body, std::string_view type) {
    return client.request(method, "/a%20b?x=1", body, type).body;
  };
  EXPECT_EQ(body_of(Method::kGet, "", "application/json"), "GET /a%20b?x=1  ");
  EXPECT_EQ(body_of(Method::kPost, "a\n", "application/x-ndjson"),
            "POST /a%20b?x=1 application/x-ndjson a\n");
  EXPECT_EQ(body_of(Method::kPost, "", "application/json"), "POST /a%20b?x=1  ");
  EXPECT_EQ(body_of(Method::kPut, "{}", "application/json"), "PUT /a%20b?x=1 application/json {}");
  EXPECT_EQ(body_of(Method::kDelete, "", "application/json"), "DELETE /a%20b?x=1  ");
}

TEST(Client, SendsABodyWithGetWhenThereIsOne) {
  const RawServer server({{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}});
  Client client(options_for(server.url()));
  client.request(Method::kGet, "/_search", R"({"size":0})");
  EXPECT_THAT(server.first_request(), StartsWith("GET /_search HTTP/1.1\r\n"));
  EXPECT_THAT(server.first_request(), HasSubstr("Content-Length: 10\r\n"));
  EXPECT_THAT(server.first_request(), EndsWith("\r\n\r\n{\"size\":0}"));
}

TEST(Client, AnswersHeadWithStatusAlone) {
  FakeServer<> server;
  server.http().Get(
      "/there", [](const auto&, auto& response) { response.set_content("body", "text/plain"); });
  server.start();
  Client client(options_for(server.url()));
  EXPECT_EQ(client.request(Method::kHead, "/there").status, 200);
  EXPECT_EQ(client.request(Method::kHead, "/there").body, "");
  EXPECT_EQ(client.request(Method::kHead, "/elsewhere").status, 404);
}

TEST(Client, ReturnsErrorStatusesAndRedirectsAsResponses) {
  FakeServer<> server;
  server.http().Get(R"(/(\d+))", [](const auto& request, auto& response) {
    response.status = std::stoi(request.matches[1]);
    response.set_header("Location", "/200");
    response.set_content("says " + request.matches[1].str(), "text/plain");
  });
  server.start();
  Client client(options_for(server.url()));
  for (const int status : {302, 400, 404, 429, 500, 503}) {
    const auto response = client.request(Method::kGet, "/" + std::to_string(status));
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, "says " + std::to_string(status));
    EXPECT_FALSE(response.ok());
  }
  EXPECT_TRUE(client.request(Method::kGet, "/200").ok());
}

TEST(Client, KeepsOneConnectionForAllRequests) {
  FakeServer<> server;
  server.http().set_keep_alive_max_count(100);
  std::set<int> remote_ports;
  server.http().Post(".*",
                     [&](const auto& request, auto&) { remote_ports.insert(request.remote_port); });
  server.start();
  Client client(options_for(server.url()));
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(client.request(Method::kPost, "/_bulk", "{}").ok());
  }
  EXPECT_EQ(remote_ports.size(), 1U);
}

TEST(Client, ConnectsAnewAfterTheServerClosedTheConnection) {
  const RawServer server({{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}});
  Client client(options_for(server.url()));
  EXPECT_EQ(client.request(Method::kPost, "/", "1").body, "ok");
  EXPECT_EQ(client.request(Method::kPost, "/", "2").body, "ok");
  EXPECT_EQ(server.connections(), 2);
}

TEST(Client, PutsTheUrlsPathPrefixBeforeThePath) {
  FakeServer<> server;
  server.http().Get("/search/v1/_count",
                    [](const auto&, auto& response) { response.set_content("7", "text/plain"); });
  server.start();
  Client client(options_for(server.url() + "/search/v1/"));
  EXPECT_EQ(client.request(Method::kGet, "/_count").body, "7");
}

TEST(Client, AuthenticatesWithoutBeingAsked) {
  FakeServer<> server;
  server.http().Get("/", [](const auto& request, auto& response) {
    response.set_content(request.get_header_value("Authorization"), "text/plain");
  });
  server.start();
  auto options = options_for(server.url());
  EXPECT_EQ(Client(options).request(Method::kGet, "/").body, "");
  options.username = "user";
  options.password = "pass:word";
  EXPECT_EQ(Client(options).request(Method::kGet, "/").body, "Basic dXNlcjpwYXNzOndvcmQ=");
}

TEST(Client, CompressesLargeBodiesAndAcceptsCompressedAnswers) {
  FakeServer<> server;
  std::string encoding;
  std::size_t length = 0;
  server.http().Post("/", [&](const httplib::Request& request, httplib::Response& response) {
    encoding = request.get_header_value("Content-Encoding");
    length = std::stoul(request.get_header_value("Content-Length"));
    response.set_content(request.body, "application/json");  // httplib compresses JSON when asked
  });
  server.start();
  auto options = options_for(server.url());
  options.compress = true;
  Client client(options);
  std::string body;
  for (int i = 0; i < 20'000; ++i) body += "{\"line\":" + std::to_string(i) + "}\n";
  EXPECT_EQ(client.request(Method::kPost, "/", body).body, body);
  EXPECT_EQ(encoding, "gzip");
  EXPECT_LT(length, body.size() / 2);
  EXPECT_EQ(client.request(Method::kPost, "/", "small").body, "small");
  EXPECT_EQ(encoding, "");
}

TEST(Client, SaysWhereAndWhyAConnectionFailed) {
  std::string url;
  {
    const RawServer gone({Script{}});
    url = gone.url();
  }
  Client client(options_for(url));
  const auto error = failure_of(client);
  EXPECT_EQ(error.kind(), TransportError::Kind::kConnection);
  EXPECT_THAT(error.what(), HasSubstr("GET " + url + "/_bulk: "));
  EXPECT_THAT(error.what(), HasSubstr("refused"));
  EXPECT_THAT(error.what(), Not(HasSubstr("q=1")));
}

TEST(Client, TellsATimeOutFromOtherFailures) {
  const RawServer server({{"", Ending::kHang}});
  Client client(options_for(server.url()));
  EXPECT_TRUE(failure_of(client, 50ms).timed_out());
}

TEST(Client, TimesOutOnABodyThatStalls) {
  const RawServer server({{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", Ending::kHang}});
  Client client(options_for(server.url()));
  EXPECT_TRUE(failure_of(client, 50ms).timed_out());
}

TEST(Client, WorksAgainAfterATimeOut) {
  const RawServer server({{"", Ending::kHang}, {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}});
  Client client(options_for(server.url()));
  EXPECT_TRUE(failure_of(client, 50ms).timed_out());
  EXPECT_EQ(client.request(Method::kGet, "/").body, "ok");
}

class BrokenAnswer : public ::testing::TestWithParam<Script> {};

TEST_P(BrokenAnswer, IsATransportErrorAndNoTimeOut) {
  const RawServer server({GetParam()});
  Client client(options_for(server.url()));
  EXPECT_EQ(failure_of(client).kind(), TransportError::Kind::kConnection);
}

const std::string kHead = "HTTP/1.1 200 OK\r\n";

INSTANTIATE_TEST_SUITE_P(
    Client, BrokenAnswer,
    ::testing::Values(Script{""}, Script{"", Ending::kReset}, Script{"HTTP/1.1 200 O"},
                      Script{kHead + "Content-Length: 100\r\n\r\n{\"took\":1"},
                      Script{kHead + "Content-Length: 100\r\n\r\n{", Ending::kReset},
                      Script{kHead + "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"took\""},
                      Script{kHead + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"},
                      Script{kHead + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{\r\n"},
                      Script{"not HTTP at all\r\n\r\n"}));

TEST(Client, RefusesAnAnswerAboveTheLimit) {
  FakeServer<> server;
  server.http().Get("/_bulk", [](const auto&, auto& response) {
    response.set_content(std::string(1001, 'x'), "text/plain");
  });
  server.start();
  auto options = options_for(server.url());
  options.max_response_bytes = 1001;
  EXPECT_EQ(Client(options).request(Method::kGet, "/_bulk").body.size(), 1001U);
  options.max_response_bytes = 1000;
  Client client(options);
  EXPECT_THAT(failure_of(client).what(), HasSubstr("larger than 1000 bytes"));
}

TEST(Client, StopsARequestThatIsCancelled) {
  const RawServer server({{"", Ending::kHang}});
  Client client(options_for(server.url()));
  std::atomic<bool> stop = false;
  client.set_cancelled([&] { return stop.load(); });
  std::thread stopper([&] {
    while (server.connections() == 0) std::this_thread::yield();
    stop = true;
  });
  EXPECT_EQ(failure_of(client, 60s).kind(), TransportError::Kind::kCancelled);
  stopper.join();
}

TEST(Client, KeepsItsCancellationWhenMoved) {
  const RawServer server({{"", Ending::kHang}});
  Client first(options_for(server.url()));
  first.set_cancelled([] { return true; });
  Client client = std::move(first);
  EXPECT_EQ(failure_of(client, 60s).kind(), TransportError::Kind::kCancelled);
}

}  // namespace
}  // namespace sluice::opensearch
