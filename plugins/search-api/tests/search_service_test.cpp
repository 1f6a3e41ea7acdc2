#include "search_service.hpp"

#include <atomic>
#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "fake_opensearch.hpp"
#include "http_client.hpp"
#include "raw_opensearch.hpp"
#include "sample_config.hpp"

namespace sluice::search {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const json kKeys = json::parse(R"([{"name": "web", "key": "0123456789abcdef"},
                                   {"name": "batch", "key": "fedcba9876543210"}])");
constexpr const char* kSearch = "/api/v1/projects/search";

class SearchServiceTest : public ::testing::Test {
 protected:
  void start(const std::string& opensearch_url, const json& changes = json::object()) {
    auto options = sample_options();
    options["opensearch"]["url"] = opensearch_url;
    options.update(changes);
    service_ = std::make_unique<SearchService>(read_config(options), observer());
    service_->start();
  }

  Observer observer() {
    return {.warn = [this](std::string_view text) { log(text); },
            .info = [this](std::string_view text) { log(text); },
            .answered = [this](int, std::chrono::duration<double>) { ++answered_; },
            .key_used = [this](std::string_view name) { log("key " + std::string(name)); }};
  }

  void log(std::string_view text) {
    const std::lock_guard lock(mutex_);
    log_.emplace_back(text);
  }

  std::vector<std::string> logged() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  ClientResponse get(const std::string& target) { return search::get(service_->port(), target); }

  /// `headers`: lines, each with its CRLF.
  ClientResponse send(const std::string& method, const std::string& target,
                      const std::string& headers = "") {
    HttpClient client(service_->port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n");
    return client.receive(method == "HEAD");
  }

  mutable std::mutex mutex_;
  std::vector<std::string> log_;
  std::atomic<int> answered_ = 0;
  FakeOpenSearch opensearch_;
  std::unique_ptr<SearchService> service_;
};

TEST_F(SearchServiceTest, SearchesAndPassesTheHitsOn) {
  start(opensearch_.url());
  const auto response = get(std::string(kSearch) + "?q=fish&limit=5");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.json(), json::parse(R"({"total": 1, "limit": 5, "offset": 0, "took_ms": 2,
    "hits": [{"id": "1", "score": 1.5, "document": {"id": 1, "name": "Fish"}}]})"));
  const auto seen = opensearch_.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].method, "POST");
  EXPECT_THAT(seen[0].path, ::testing::StartsWith("/projects/_search?"));
  EXPECT_THAT(seen[0].path, HasSubstr("allow_partial_search_results=false"));
  EXPECT_EQ(seen[0].body.at("query").at("multi_match").at("query"), "fish");
  EXPECT_EQ(answered_, 1);
}

TEST_F(SearchServiceTest, DecodesTheQueryString) {
  start(opensearch_.url());
  get(std::string(kSearch) + "?q=%E6%97%A5%2B+a&fields=slug&fields=readme");
  const auto query = opensearch_.seen().at(0).body.at("query").at("bool").at("should");
  EXPECT_EQ(query[0].at("multi_match").at("query"), "日+");
  EXPECT_EQ(query[1].at("multi_match").at("fields"), (json{"slug^2", "readme"}));
}

TEST_F(SearchServiceTest, FindsByKeyAndByTerms) {
  start(opensearch_.url());
  EXPECT_EQ(get("/api/v1/projects/by-user/7?limit=3&offset=2").json().at("offset"), 2);
  EXPECT_EQ(get("/api/v1/projects/by-hashtag?hashtags=a&hashtags=b").json().at("limit"), 100);
  const auto seen = opensearch_.seen();
  EXPECT_THAT(seen.at(0).body.dump(), HasSubstr(R"({"term":{"users.id":7}})"));
  EXPECT_THAT(seen.at(1).body.dump(), HasSubstr(R"({"terms":{"hashtags.name":["a","b"]}})"));
}

TEST_F(SearchServiceTest, AnswersBadParametersWithoutAskingOpenSearch) {
  start(opensearch_.url());
  const auto response = get(std::string(kSearch) + "?q=a&limit=1x");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.json(),
            json::parse(
                R"({"error": {"status": 400, "message": "'limit' must be an integer from 1 to 100.",
              "parameter": "limit", "value": "1x", "allowed": "an integer from 1 to 100"}})"));
  EXPECT_EQ(get(std::string(kSearch) + "?q=%zz").json().at("error").at("parameter"), "q");
  EXPECT_EQ(get("/api/v1/projects/by-user/x").json().at("error").at("parameter"), "userId");
  EXPECT_EQ(get("/%ff").status, 400);
  EXPECT_TRUE(opensearch_.seen().empty());
}

TEST_F(SearchServiceTest, AnswersUnknownPathsWith404) {
  start(opensearch_.url());
  for (const char* path : {"/", "/api/v1/projects", "/api/v1/projects/search/", "/healthz"}) {
    const auto response = get(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_THAT(response.json().at("error").at("message"), HasSubstr(kSearch));
  }
}

TEST_F(SearchServiceTest, AnswersOtherMethodsWith405) {
  start(opensearch_.url());
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get"}) {
    const auto response = send(method, kSearch);
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.headers.at("allow"), "GET, HEAD");
    EXPECT_EQ(response.json().at("error").at("status"), 405);
  }
  EXPECT_EQ(send("POST", "/health").status, 405);
  EXPECT_EQ(send("POST", "/nowhere").status, 404);
}

TEST_F(SearchServiceTest, AnswersHeadLikeGetWithoutABody) {
  start(opensearch_.url());
  const auto whole = get(std::string(kSearch) + "?q=a");
  const auto head = send("HEAD", std::string(kSearch) + "?q=a");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(whole.body.size()));
  EXPECT_EQ(send("HEAD", kSearch).status, 400);
}

TEST_F(SearchServiceTest, AllowsOtherOriginsOnlyWhereConfigured) {
  start(opensearch_.url());
  EXPECT_FALSE(get("/health").headers.contains("access-control-allow-origin"));
  EXPECT_FALSE(get("/health").headers.contains("vary"));
  start(opensearch_.url(), {{"cors", {{"origins", {"*"}}}}});
  EXPECT_EQ(get("/health").headers.at("access-control-allow-origin"), "*");
  const auto plain = send("OPTIONS", kSearch);
  EXPECT_EQ(plain.status, 405);
  EXPECT_EQ(plain.headers.at("allow"), "GET, HEAD, OPTIONS");
}

TEST_F(SearchServiceTest, AnswersPreflightRequestsOfOtherOrigins) {
  start(opensearch_.url(), {{"cors", {{"origins", {"https://a.example"}}}}, {"api_keys", kKeys}});
  const auto response = send("OPTIONS", std::string(kSearch) + "?q=a",
                             "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n"
                             "Access-Control-Request-Headers: x-api-key\r\n");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.at("access-control-allow-origin"), "https://a.example");
  EXPECT_EQ(response.headers.at("access-control-allow-methods"), "GET, HEAD");
  EXPECT_THAT(response.headers.at("access-control-allow-headers"), HasSubstr("X-API-Key"));
  EXPECT_EQ(response.headers.at("access-control-max-age"), "600");
  EXPECT_EQ(response.headers.at("vary"), "Origin");
}

TEST_F(SearchServiceTest, LetsOtherOriginsReadErrorsToo) {
  start(opensearch_.url(), {{"cors", {{"origins", {"https://a.example", "https://b.example"}}}}});
  opensearch_.answer(503, "{}");
  const std::string origin = "Origin: https://b.example\r\n";
  for (const auto& [method, target, status] : {std::tuple{"GET", std::string(kSearch), 400},
                                               {"GET", std::string("/%zz"), 400},
                                               {"GET", std::string("/nowhere"), 404},
                                               {"POST", std::string(kSearch), 405},
                                               {"GET", std::string(kSearch) + "?q=a", 503}}) {
    const auto response = send(method, target, origin);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.headers.at("access-control-allow-origin"), "https://b.example") << target;
    EXPECT_EQ(response.headers.at("access-control-expose-headers"),
              "Retry-After, WWW-Authenticate");
  }
  start(opensearch_.url(), {{"cors", {{"origins", {"*"}}}}});
  const auto malformed = send("GET", "/", "broken\r\n");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_EQ(malformed.headers.at("access-control-allow-origin"), "*");
}

TEST_F(SearchServiceTest, WithKeysNothingButHealthIsForStrangers) {
  start(opensearch_.url(), {{"api_keys", kKeys}});
  for (const char* target : {"/", "/nowhere", kSearch, "/api/v1/projects/search?q=a", "/health/"}) {
    const auto response = get(target);
    EXPECT_EQ(response.status, 401) << target;
    EXPECT_EQ(response.json().at("error").at("status"), 401);
    EXPECT_EQ(response.headers.at("www-authenticate"), "Bearer realm=\"search\"");
    EXPECT_THAT(response.body, Not(HasSubstr("projects")));
  }
  EXPECT_EQ(send("POST", kSearch).status, 401);
  const auto wrong = send("GET", kSearch, "X-API-Key: 0123456789abcdex\r\n");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_THAT(wrong.headers.at("www-authenticate"), HasSubstr("invalid_token"));
  EXPECT_TRUE(opensearch_.seen().empty());
}

TEST_F(SearchServiceTest, SearchesForThoseWhoHaveAKey) {
  start(opensearch_.url(), {{"api_keys", kKeys}});
  const auto target = std::string(kSearch) + "?q=a";
  EXPECT_EQ(send("GET", target, "X-API-Key: 0123456789abcdef\r\n").status, 200);
  EXPECT_EQ(send("GET", target, "Authorization: Bearer fedcba9876543210\r\n").status, 200);
  EXPECT_THAT(logged(), AllOf(Contains("key web"), Contains("key batch")));
}

TEST_F(SearchServiceTest, TellsStrangersOfHealthNoMoreThanWhetherThereIsAny) {
  start(opensearch_.url(), {{"api_keys", kKeys}});
  const std::string key = "X-API-Key: 0123456789abcdef\r\n";
  EXPECT_EQ(get("/health").json(), json::parse(R"({"status": "ok"})"));
  EXPECT_EQ(send("GET", "/health", key).json().at("index"), "projects");
  opensearch_.answer(404, "{}");
  EXPECT_EQ(get("/health").status, 503);
  EXPECT_THAT(get("/health").body, Not(HasSubstr("projects")));
  EXPECT_THAT(send("GET", "/health", key).body, HasSubstr("'projects' does not exist"));
}

TEST_F(SearchServiceTest, WarnsWhereOthersCanSearchWithoutAKey) {
  const auto warning = Contains(HasSubstr("set `api_keys`"));
  start(opensearch_.url());
  EXPECT_THAT(logged(), Not(warning));
  // What counts is where a name leads, not how it is spelt.
  for (const char* const loopback : {"localhost", "127.9.9.9", "2130706433"}) {
    start(opensearch_.url(), {{"address", loopback}});
    EXPECT_THAT(logged(), Not(warning)) << loopback;
  }
  start(opensearch_.url(), {{"address", "0.0.0.0"}, {"api_keys", kKeys}});
  EXPECT_THAT(logged(), Not(warning));
  start(opensearch_.url(), {{"address", "0.0.0.0"}});
  EXPECT_THAT(logged(), warning);
}

TEST_F(SearchServiceTest, IsUnavailableWhileNothingListensThere) {
  std::string url;
  {
    const SilentServer gone;
    url = gone.url();
  }
  start(url);
  const auto response = get(std::string(kSearch) + "?q=a");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.at("retry-after"), "1");
  EXPECT_THAT(response.body, Not(HasSubstr(url.substr(7))));
  EXPECT_EQ(get("/health").status, 503);
}

TEST_F(SearchServiceTest, SaysSoWithin2SecondsWhereOpenSearchHangs) {
  const SilentServer silent;
  start(silent.url());
  std::vector<std::thread> clients;
  std::atomic<int> in_time = 0;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back([&] {
      const auto begin = steady_clock::now();
      const auto response = get(std::string(kSearch) + "?q=a");
      if (response.status == 503 && steady_clock::now() - begin < seconds(2)) ++in_time;
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(in_time, 20);
}

TEST_F(SearchServiceTest, LogsOnceThatOpenSearchIsAwayAndOnceThatItIsBack) {
  std::atomic<bool> hang = true;
  opensearch_.answer([&](const httplib::Request&, httplib::Response& response) {
    if (hang) std::this_thread::sleep_for(milliseconds(300));
    response.set_content(R"({"took":1,"hits":{"total":{"value":0},"hits":[]}})",
                         "application/json");
  });
  start(opensearch_.url(), {{"query_timeout", 100}});
  EXPECT_EQ(get(std::string(kSearch) + "?q=a").status, 503);
  EXPECT_EQ(get(std::string(kSearch) + "?q=a").status, 503);
  hang = false;
  EXPECT_EQ(get(std::string(kSearch) + "?q=a").status, 200);
  const auto lines = logged();
  EXPECT_EQ(
      std::count_if(lines.begin(), lines.end(),
                    [](const auto& line) { return line.find("does not answer") != line.npos; }),
      1);
  EXPECT_THAT(lines, Contains("OpenSearch answers again"));
}

TEST_F(SearchServiceTest, KeepsOpenSearchsErrorsToItself) {
  start(opensearch_.url());
  opensearch_.answer(400, R"({"error":{"reason":"secret field"}})");
  const auto response = get(std::string(kSearch) + "?q=a");
  EXPECT_EQ(response.status, 502);
  EXPECT_THAT(response.body, Not(HasSubstr("secret")));
  EXPECT_THAT(logged(), Contains(HasSubstr("secret field")));
}

struct Answer {
  const char* name;
  std::string head;
  std::string filler;
  int status;
};

class UnusableOpenSearch : public SearchServiceTest,
                           public ::testing::WithParamInterface<Answer> {};

TEST_P(UnusableOpenSearch, IsAnErrorInTime) {
  const RawOpenSearch opensearch(GetParam().head, GetParam().filler);
  start(opensearch.url());
  for (int i = 0; i < 3; ++i) {
    const auto begin = steady_clock::now();
    const auto response = get(std::string(kSearch) + "?q=a");
    EXPECT_EQ(response.status, GetParam().status) << response.body;
    EXPECT_TRUE(json::accept(response.body));
    EXPECT_LT(steady_clock::now() - begin, milliseconds(2500));
  }
}

const std::string kOk = "HTTP/1.1 200 OK\r\nConnection: close\r\n";

std::string with_length(const std::string& body) {
  return kOk + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

INSTANTIATE_TEST_SUITE_P(
    Answers, UnusableOpenSearch,
    ::testing::Values(
        Answer{"Nothing", "", "", 503}, Answer{"NotHttp", "SSH-2.0-OpenSSH_9.2\r\n", "", 503},
        Answer{"HeadCutOff", "HTTP/1.1 200 OK\r\nContent-Le", "", 502},
        Answer{"BodyCutOff", kOk + "Content-Length: 500\r\n\r\n{\"took\":1", "", 503},
        Answer{"ChunkCutOff", kOk + "Transfer-Encoding: chunked\r\n\r\n20\r\n{\"took\":1", "", 503},
        Answer{"ChunksOfRubbish", kOk + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "", 503},
        Answer{"EndlessHead", "HTTP/1.1 200 OK\r\n", "A: " + std::string(1000, 'a') + "\r\n", 503},
        Answer{"EndlessBody", kOk + "\r\n{\"took\":1,\"hits\":{\"hits\":[", std::string(65536, '['),
               503},
        Answer{"Empty", with_length(""), "", 502},
        Answer{"Html", with_length("<html></html>"), "", 502},
        Answer{"JsonCutOff",
               with_length(R"({"took":1,"hits":{"total":{"value":1},"hits":[{"_id":)"), "", 502},
        Answer{"DeepJson", with_length(std::string(100'000, '[')), "", 502},
        Answer{"NotUtf8",
               with_length(
                   "{\"took\":1,\"hits\":{\"total\":{\"value\":1},\"hits\":[{\"_id\":\"\xff\"}]}}"),
               "", 502},
        Answer{"Redirect", "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "",
               502}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST_F(SearchServiceTest, GivesOpenSearchNoMoreTimeThanThereIs) {
  start(opensearch_.url());
  get(std::string(kSearch) + "?q=fish");
  const auto path = opensearch_.seen().at(0).path;
  const auto time_in = [&](const std::string& parameter) {
    const auto at = path.find(parameter + "=");
    return at == path.npos ? -1 : std::stoi(path.substr(at + parameter.size() + 1));
  };
  EXPECT_GT(time_in("&timeout"), 1000);
  EXPECT_LE(time_in("&timeout"), 1500);
  EXPECT_EQ(time_in("cancel_after_time_interval"), time_in("&timeout"));
  EXPECT_EQ(time_in("terminate_after"), -1);
}

TEST_F(SearchServiceTest, SaysSoWhereItLooksAtNoMoreThanSomeDocuments) {
  start(opensearch_.url(), {{"terminate_after", 1000}});
  EXPECT_FALSE(get(std::string(kSearch) + "?q=fish").json().contains("terminated_early"));
  EXPECT_THAT(opensearch_.seen().at(0).path, HasSubstr("&terminate_after=1000"));
  opensearch_.answer(200, R"({"took":1,"timed_out":false,"terminated_early":true,
                              "hits":{"total":{"value":1000},"hits":[]}})");
  EXPECT_EQ(get(std::string(kSearch) + "?q=fish").json().at("terminated_early"), true);
}

TEST_F(SearchServiceTest, IsHealthyWhereTheIndexCanBeSearched) {
  start(opensearch_.url());
  const auto response = get("/health");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.json(), json::parse(R"({"status": "ok", "index": "projects"})"));
  EXPECT_THAT(opensearch_.seen().at(0).path, HasSubstr("/projects/_count"));
  EXPECT_EQ(service_->fault(), std::nullopt);
}

TEST_F(SearchServiceTest, SaysWhatIsWrongWhereItIsNotHealthy) {
  start(opensearch_.url());
  opensearch_.answer(404, "{}");
  auto response = get("/health");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.json().at("error").at("message"), HasSubstr("'projects' does not exist"));
  EXPECT_THAT(*service_->fault(), HasSubstr("does not exist"));
  opensearch_.answer(503, "{}");
  response = get("/health");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.json().at("error").at("message"), HasSubstr("status 503"));
}

TEST_F(SearchServiceTest, TellsTheHostWhyItIsNotHealthyButNotItsClients) {
  start(opensearch_.url());
  opensearch_.answer(403, "a secret reason");
  EXPECT_THAT(*service_->fault(), HasSubstr("a secret reason"));
  EXPECT_THAT(get("/health").body, Not(HasSubstr("secret")));
  start("http://127.0.0.1:1");
  EXPECT_THAT(*service_->fault(), AllOf(StartsWith("OpenSearch does not answer. "),
                                        HasSubstr("http://127.0.0.1:1/projects/_count")));
  EXPECT_THAT(get("/health").body, Not(HasSubstr("_count")));
}

TEST_F(SearchServiceTest, HealthIsAnsweredWhileAllSearchThreadsAreBusy) {
  opensearch_.answer([](const httplib::Request& request, httplib::Response& response) {
    if (request.method == "POST") std::this_thread::sleep_for(seconds(1));
    response.set_content("{}", "application/json");
  });
  start(opensearch_.url());
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<HttpClient>(service_->port()));
    clients.back()->send(get_request(std::string(kSearch) + "?q=a"));
  }
  const auto begin = steady_clock::now();
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_LT(steady_clock::now() - begin, milliseconds(900));
}

TEST_F(SearchServiceTest, TurnsSearchesAwayWhereTooManyWait) {
  const SilentServer silent;
  start(silent.url(), {{"threads", 1}, {"max_queued", 1}, {"query_timeout", 500}});
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<HttpClient>(service_->port()));
    clients.back()->send(get_request(std::string(kSearch) + "?q=a"));
  }
  int turned_away = 0;
  for (auto& client : clients) {
    const auto response = client->receive();
    EXPECT_EQ(response.status, 503);
    if (response.body.find("Too many searches") != std::string::npos) ++turned_away;
  }
  EXPECT_GE(turned_away, 7);
}

TEST_F(SearchServiceTest, StopLetsSearchesUnderWayEnd) {
  std::atomic<bool> asked = false;
  opensearch_.answer([&](const httplib::Request&, httplib::Response& response) {
    asked = true;
    std::this_thread::sleep_for(milliseconds(300));
    response.set_content(R"({"took":1,"hits":{"total":{"value":0},"hits":[]}})",
                         "application/json");
  });
  start(opensearch_.url());
  HttpClient client(service_->port());
  client.send(get_request(std::string(kSearch) + "?q=a"));
  while (!asked) std::this_thread::sleep_for(milliseconds(1));
  service_->stop(seconds(5));
  EXPECT_EQ(client.receive().status, 200);
}

}  // namespace
}  // namespace sluice::search
