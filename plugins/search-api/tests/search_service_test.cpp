#include "search_service.hpp"

#include <atomic>
#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "fake_opensearch.hpp"
#include "http_client.hpp"
#include "sample_config.hpp"

namespace sluice::search {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

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
            .answered = [this](int, std::chrono::duration<double>) { ++answered_; }};
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

  ClientResponse send(const std::string& method, const std::string& target) {
    HttpClient client(service_->port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
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
  start(opensearch_.url(), {{"cors_origin", "*"}});
  EXPECT_EQ(get("/health").headers.at("access-control-allow-origin"), "*");
  const auto options = send("OPTIONS", kSearch);
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.at("access-control-allow-methods"), "GET, HEAD, OPTIONS");
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
