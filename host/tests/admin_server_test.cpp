#include "admin/admin_server.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sluice/sdk.hpp>

#include "support/await.hpp"
#include "support/gate.hpp"
#include "support/mock_kafka.hpp"
#include "support/scripted_flow.hpp"
#include "support/tricklers.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using test::await;
using test::Script;
using test::Tricklers;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
using testing::ThrowsMessage;

class AdminServerTest : public testing::Test {
 protected:
  /// A pipeline with a job `rebuild` and a service `search`.
  LoadedPipeline pipeline(const std::string& name) {
    LoadedPipeline loaded;
    loaded.name = name;
    loaded.flow = test::scripted_flow(script_, kafka_.brokers());
    loaded.flow->name = name;
    loaded.shutdown_timeout = 1s;
    loaded.jobs.push_back(
        {"rebuild", test::scripted(SLUICE_KIND_JOB, script_), std::nullopt, 1ms, 1ms, 1});
    loaded.services.push_back({"search", test::scripted(SLUICE_KIND_SERVICE, script_)});
    return loaded;
  }
  void serve(std::optional<AdminToken> token = std::nullopt) {
    server_ = std::make_unique<AdminServer>(AdminAddress{"127.0.0.1", 0}, std::move(token), host_);
    client_ = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
  }
  void start() {
    host_.start();
    serve();
  }
  ~AdminServerTest() override { host_.stop(); }

  httplib::Response get(const std::string& path) const { return client_->Get(path).value(); }
  httplib::Response post(const std::string& path) const { return client_->Post(path).value(); }
  /// What the server sends within less time than it would wait for a body.
  std::string answer_to(const std::string& request) const {
    const int socket = Tricklers::connected_to(server_->port());
    const timeval timeout{3, 0};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    std::string answer;
    if (Tricklers::tell(socket, request)) {
      answer.resize(4096);
      answer.resize(static_cast<std::size_t>(
          std::max<ssize_t>(0, recv(socket, answer.data(), answer.size(), 0))));
      // The head and the body may come apart.
      std::string rest(4096, '\0');
      if (!answer.empty() && answer.ends_with("\r\n\r\n")) {
        const auto more = recv(socket, rest.data(), rest.size(), 0);
        if (more > 0) answer.append(rest, 0, static_cast<std::size_t>(more));
      }
    }
    ::close(socket);
    return answer;
  }
  static std::optional<AdminToken> token() {
    return AdminToken::from([](const std::string& name) -> std::optional<std::string> {
      if (name != "SLUICE_ADMIN_TOKEN") return std::nullopt;
      return "0123456789abcdef";
    });
  }
  static httplib::Headers headers(const std::string& authorization) {
    if (authorization.empty()) return {};
    return {{"Authorization", authorization}};
  }
  std::string job_state(const std::string& pipeline) const {
    return to_string(host_.find(pipeline)->jobs().front()->status().state);
  }
  Json json(const std::string& path) const { return Json::parse(get(path).body); }

  test::MockKafka kafka_;
  Script script_;
  Host host_;
  std::unique_ptr<AdminServer> server_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(AdminServerTest, HealthIsUpWhileTheProcessAnswers) {
  serve();
  const auto response = get("/health");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(Json::parse(response.body), (Json{{"status", "UP"}}));
}

TEST_F(AdminServerTest, ReadyOnceAllRuns) {
  host_.add(pipeline("orders"));
  start();
  EXPECT_TRUE(await([&] { return get("/ready").status == 200; }));
  EXPECT_EQ(json("/ready"), (Json{{"ready", true},
                                  {"problems", Json::array()},
                                  {"warnings", Json::array()},
                                  {"sources", Json::object()}}));
}

TEST_F(AdminServerTest, NotReadyBeforeTheTasksRun) {
  script_.prepare = [] { throw RetryError("the index cannot be created"); };
  host_.add(pipeline("orders"));
  start();
  const auto response = get("/ready");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("orders: task 0 is UNASSIGNED"));
}

TEST_F(AdminServerTest, NotReadyWhileKafkaIsAway) {
  auto alone = pipeline("orders");
  alone.flow->config.source.brokers = "127.0.0.1:1";
  host_.add(std::move(alone));
  host_.add(pipeline("invoices"));
  start();
  ASSERT_TRUE(await([&] { return json("/pipelines")["pipelines"][1]["state"] == "RUNNING"; }));
  const auto problem = [&] {
    const auto problems = json("/ready")["problems"];
    return problems.size() == 1 ? problems[0].get<std::string>() : problems.dump();
  };
  EXPECT_THAT(problem(), testing::StartsWith(
                             "orders: task 0 is UNASSIGNED: waiting for partitions: no answer yet "
                             "from source.brokers 127.0.0.1:1"));
  EXPECT_TRUE(await([&] { return problem().find("Connection refused") != std::string::npos; }));
}

TEST_F(AdminServerTest, NotReadyWhileATaskThatRunsHasBeenRetryingForLong) {
  std::atomic<bool> away{true};
  script_.on_decode = [&](auto) {
    if (away) throw RetryError("password authentication failed");
  };
  kafka_.produce({"put a"});
  host_.add(pipeline("orders"));
  start();
  ASSERT_TRUE(await([&] { return json("/pipelines")["pipelines"][0]["state"] == "RUNNING"; }));
  ASSERT_TRUE(await([&] { return get("/ready").status == 503; }));
  EXPECT_THAT(json("/ready")["problems"][0].get<std::string>(),
              testing::MatchesRegex("orders: task 0 is RUNNING, but has been retrying for [0-9]+ "
                                    "s: scripted: password authentication failed"));
  const auto task = json("/pipelines")["pipelines"][0]["tasks"][0];
  EXPECT_EQ(task["state"], "RUNNING");
  EXPECT_THAT(task["trace"].get<std::string>(), HasSubstr("password authentication failed"));
  away = false;
  EXPECT_TRUE(await([&] { return get("/ready").status == 200; }));
}

TEST_F(AdminServerTest, NotReadyWithTheReasonsOfFailedTasksServicesAndPipelines) {
  script_.health = [] { throw RetryError("OpenSearch does not answer"); };
  auto failing = pipeline("orders");
  failing.flow->config.source.properties["fetch.wait.max.ms"] = "soon";
  host_.add(std::move(failing));
  host_.add_failed("invoices", "no plugin \"sinck\"");
  start();
  ASSERT_TRUE(await([&] {
    return get("/ready").body.find("OpenSearch") != std::string::npos &&
           get("/ready").body.find("FAILED") != std::string::npos;
  }));
  EXPECT_EQ(get("/ready").status, 503);
  const auto ready = json("/ready");
  EXPECT_EQ(ready["ready"], false);
  ASSERT_THAT(ready["problems"], SizeIs(3));
  EXPECT_THAT(ready["problems"][0].get<std::string>(),
              AllOf(HasSubstr("orders: task 0 is FAILED"), HasSubstr("fetch.wait.max.ms")));
  EXPECT_EQ(ready["problems"][1], "orders: service search: scripted: OpenSearch does not answer");
  EXPECT_EQ(ready["problems"][2], "invoices: no plugin \"sinck\"");
}

TEST_F(AdminServerTest, PipelinesShowTasksJobsAndServices) {
  host_.add(pipeline("orders"));
  host_.add_failed("invoices", "broken");
  start();
  ASSERT_TRUE(await([&] { return json("/pipelines")["pipelines"][0]["state"] == "RUNNING"; }));
  ASSERT_TRUE(await(
      [&] { return json("/pipelines")["pipelines"][0]["services"][0]["state"] == "RUNNING"; }));
  const auto pipelines = json("/pipelines")["pipelines"];
  ASSERT_THAT(pipelines, SizeIs(2));
  EXPECT_EQ(pipelines[0]["name"], "orders");
  EXPECT_EQ(pipelines[0]["tasks"][0], (Json{{"id", 0}, {"state", "RUNNING"}, {"restarts", 0}}));
  EXPECT_EQ(pipelines[0]["jobs"][0]["name"], "rebuild");
  EXPECT_EQ(pipelines[0]["jobs"][0]["state"], "SCHEDULED");
  EXPECT_EQ(pipelines[0]["jobs"][0]["next"], nullptr);
  EXPECT_EQ(pipelines[0]["services"][0], (Json{{"name", "search"}, {"state", "RUNNING"}}));
  EXPECT_EQ(pipelines[1], (Json{{"name", "invoices"}, {"state", "FAILED"}, {"trace", "broken"}}));
}

TEST_F(AdminServerTest, WhatTheSourceSaysIsShownAndWarningsLeaveTheHostReady) {
  script_.source_state = [] {
    return R"({"values": {"slot": "feed", "slot_lag_bytes": 7}, "warnings": ["nobody reads feed"]})";
  };
  host_.add(pipeline("orders"));
  start();
  ASSERT_TRUE(await([&] { return get("/ready").status == 200; }));
  ASSERT_TRUE(await([&] { return !json("/ready")["warnings"].empty(); }));
  const Json values{{"slot", "feed"}, {"slot_lag_bytes", 7}};
  EXPECT_EQ(json("/ready"), (Json{{"ready", true},
                                  {"problems", Json::array()},
                                  {"warnings", {"orders: nobody reads feed"}},
                                  {"sources", {{"orders", values}}}}));
  const auto shown = json("/pipelines")["pipelines"][0];
  EXPECT_EQ(shown["source"], values);
  EXPECT_EQ(shown["warnings"], Json::array({"nobody reads feed"}));
  EXPECT_THAT(get("/metrics").body,
              HasSubstr("sluice_source_slot_lag_bytes{pipeline=\"orders\"} 7"));
}

TEST_F(AdminServerTest, AJobIsTriggeredOnceAtATime) {
  test::Gate gate;
  script_.run = [passage = gate.passage()](JobHost& host) {
    host.progress("copy", 1, 2);
    passage.pass();
    return std::string("{\"documents\":7}");
  };
  host_.add(pipeline("orders"));
  start();
  const auto accepted = post("/pipelines/orders/jobs/rebuild/run");
  EXPECT_EQ(accepted.status, 202);
  EXPECT_EQ(Json::parse(accepted.body), (Json{{"job", "rebuild"}, {"state", "TRIGGERED"}}));
  ASSERT_TRUE(await([&] { return gate.passage().arrived() == 1; }));
  const auto job = [&] { return json("/pipelines")["pipelines"][0]["jobs"][0]; };
  EXPECT_EQ(job()["progress"], (Json{{"step", "copy"}, {"done", 1}, {"total", 2}}));

  const auto refused = post("/pipelines/orders/jobs/rebuild/run");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(Json::parse(refused.body),
            (Json{{"error_code", 409}, {"message", "the job is running already"}}));
  gate.open();
  ASSERT_TRUE(await([&] { return job()["state"] == "SUCCEEDED"; }));
  EXPECT_EQ(job()["result"], (Json{{"documents", 7}}));
  EXPECT_THAT(job()["ended"].get<std::string>(), testing::MatchesRegex(".+T.+Z"));
}

// As `curl -X POST` does, and no client of the library.
TEST_F(AdminServerTest, APostWithoutALengthIsAnsweredAtOnce) {
  host_.add(pipeline("orders"));
  start();
  EXPECT_THAT(
      answer_to("POST /pipelines/orders/jobs/rebuild/run HTTP/1.1\r\nHost: localhost\r\n\r\n"),
      testing::StartsWith("HTTP/1.1 202"));
  EXPECT_THAT(
      answer_to("POST /pipelines HTTP/1.1\r\nHost: localhost\r\n\r\n"),
      AllOf(testing::StartsWith("HTTP/1.1 404"), HasSubstr("no such resource: /pipelines")));
  EXPECT_THAT(answer_to("DELETE /pipelines/orders HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              testing::StartsWith("HTTP/1.1 404"));
}

TEST_F(AdminServerTest, ABodyIsPassedOver) {
  host_.add(pipeline("orders"));
  start();
  const std::string path = "/pipelines/orders/jobs/rebuilt/run";
  client_->set_keep_alive(true);
  EXPECT_EQ(client_->Post(path, "{}", "application/json")->status, 404);
  EXPECT_EQ(client_->Post(path, httplib::MultipartFormDataItems{{"a", "b", "", ""}})->status, 404);
  EXPECT_EQ(get("/health").status, 200);
  const auto response = client_->Post(path, std::string(100 * 1024, 'x'), "text/plain").value();
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(response.body, HasSubstr("too large"));
}

TEST_F(AdminServerTest, ClientsThatTrickleKeepOthersWaitingForSecondsAtMost) {
  serve();
  client_->set_read_timeout(20s);
  const auto time_for_health = [&] {
    const auto began = std::chrono::steady_clock::now();
    const auto response = client_->Get("/health");
    EXPECT_TRUE(response && response->status == 200);
    return std::chrono::steady_clock::now() - began;
  };
  const Tricklers some(server_->port(), 8);
  EXPECT_LT(time_for_health(), 4s) << "there are more threads";
  const Tricklers more(server_->port(), 28);
  EXPECT_LT(time_for_health(), 15s) << "each has its thread for 5 s";
}

TEST_F(AdminServerTest, ClientsThatTrickleDoNotKeepItFromEnding) {
  serve();
  const Tricklers tricklers(server_->port(), 36);
  const auto began = std::chrono::steady_clock::now();
  server_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 4s);
}

TEST_F(AdminServerTest, AHeadWithoutEndIsCutOff) {
  serve();
  const int socket = Tricklers::connected_to(server_->port());
  const std::string line = "X: " + std::string(1000, 'a') + "\r\n";
  int sent = 0;
  if (Tricklers::tell(socket, "GET /health HTTP/1.1\r\n")) {
    while (sent < 64'000 && Tricklers::tell(socket, line)) ++sent;
  }
  ::close(socket);
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, 32'000) << "1 MiB, and what the network holds";
}

TEST_F(AdminServerTest, AnUnknownPipelineOrJobIs404) {
  host_.add(pipeline("orders"));
  start();
  EXPECT_EQ(post("/pipelines/order/jobs/rebuild/run").status, 404);
  const auto response = post("/pipelines/orders/jobs/rebuilt/run");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(Json::parse(response.body)["message"], "no job rebuilt in orders");
}

TEST_F(AdminServerTest, AnUnknownPathIs404InJson) {
  serve();
  const auto response = get("/connectors");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(Json::parse(response.body),
            (Json{{"error_code", 404}, {"message", "no such resource: /connectors"}}));
}

TEST_F(AdminServerTest, WithATokenOnlyWhoKnowsItIsAnswered) {
  host_.add(pipeline("orders"));
  host_.start();
  serve(token());
  for (const char* const wrong :
       {"", "Bearer", "Bearer ", "Bearer wrong", "Bearer 0123456789abcdeg", "0123456789abcdef",
        "Bearer 0123456789abcde", "Bearer 0123456789abcdef0", "Bearer  0123456789abcdef",
        "Bearer 0123456789abcdef0123456789abcdef", "Basic 0123456789abcdef"}) {
    for (const char* const path : {"/metrics", "/pipelines", "/nowhere", "/ready/", "/health/x"}) {
      const auto response = client_->Get(path, headers(wrong)).value();
      EXPECT_EQ(response.status, 401) << path << " with " << wrong;
      EXPECT_EQ(response.get_header_value("WWW-Authenticate"), "Bearer");
      EXPECT_EQ(Json::parse(response.body)["error_code"], 401);
      EXPECT_THAT(response.body, testing::Not(HasSubstr("0123456789abcdef")));
    }
    for (const char* const path : {"/pipelines/orders/jobs/rebuild/run", "/nowhere", "/health"}) {
      EXPECT_EQ(client_->Post(path, headers(wrong), "{}", "application/json")->status, 401);
    }
    EXPECT_EQ(client_->Delete("/pipelines", headers(wrong))->status, 401);
    EXPECT_EQ(client_->Options("/pipelines", headers(wrong))->status, 401);
  }
  EXPECT_EQ(job_state("orders"), "SCHEDULED");

  for (const char* const right : {"Bearer 0123456789abcdef", "bearer 0123456789abcdef"}) {
    EXPECT_EQ(client_->Get("/pipelines", headers(right))->status, 200);
    EXPECT_EQ(client_->Get("/metrics", headers(right))->status, 200);
    EXPECT_EQ(client_->Get("/nowhere", headers(right))->status, 404);
  }
  EXPECT_EQ(client_
                ->Post("/pipelines/orders/jobs/rebuild/run", headers("Bearer 0123456789abcdef"), "",
                       "text/plain")
                ->status,
            202);
}

TEST_F(AdminServerTest, ProbesNeedNoTokenAndLearnTheStatusAlone) {
  host_.add_failed("orders", "the database at 10.0.0.7 refuses user jane");
  serve(token());
  EXPECT_EQ(get("/health").status, 200);
  const auto response = get("/ready");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(Json::parse(response.body), (Json{{"ready", false}}));
  EXPECT_EQ(client_->Head("/ready")->status, 503);
  EXPECT_EQ(client_->Get("/ready", headers("Bearer of bad tokens"))->status, 401);
  const auto whole = client_->Get("/ready", headers("Bearer 0123456789abcdef")).value();
  EXPECT_EQ(whole.status, 503);
  EXPECT_THAT(whole.body, HasSubstr("refuses user jane"));
}

TEST_F(AdminServerTest, WithATokenItListensWhereItIsTold) {
  AdminServer server(AdminAddress{"0.0.0.0", 0}, token(), host_);
  httplib::Client client("127.0.0.1", server.port());
  // Whatever name the machine goes by: a browser has no token to send.
  EXPECT_EQ(client
                .Get("/metrics",
                     {{"Host", "sluice.example.org"}, {"Authorization", "Bearer 0123456789abcdef"}})
                ->status,
            200);
}

TEST_F(AdminServerTest, WithoutATokenItIsAskedByALoopbackNameOnly) {
  serve();
  for (const char* const name : {"localhost", "localhost:8084", "127.0.0.1", "127.0.0.1:8084",
                                 "127.9.9.9:1", "[::1]", "[::1]:8084"}) {
    EXPECT_EQ(client_->Get("/pipelines", {{"Host", name}})->status, 200) << name;
  }
  for (const char* const name : {"evil.example.org", "evil.example.org:8084", "127.0.0.1.nip.io",
                                 "localhost.evil.org", "[::1", "[::2]", "10.0.0.1", ":8084", "["}) {
    const auto answer =
        answer_to("GET /pipelines HTTP/1.1\r\nHost: " + std::string(name) + "\r\n\r\n");
    EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 403")) << name;
  }
  EXPECT_THAT(answer_to("GET /pipelines HTTP/1.0\r\n\r\n"), HasSubstr(" 200 "));
}

TEST_F(AdminServerTest, AWebPageCannotRunAJob) {
  host_.add(pipeline("orders"));
  start();
  const std::string path = "/pipelines/orders/jobs/rebuild/run";
  for (const char* const origin : {"https://evil.example.org", "null", "http://10.0.0.1:8084",
                                   "http://localhost.evil.org", "http://"}) {
    const auto response = client_->Post(path, {{"Origin", origin}}, "{}", "text/plain").value();
    EXPECT_EQ(response.status, 403) << origin;
    EXPECT_EQ(Json::parse(response.body)["error_code"], 403);
  }
  EXPECT_EQ(job_state("orders"), "SCHEDULED");
  EXPECT_EQ(client_->Post(path, {{"Origin", "http://localhost:3000"}}, "", "text/plain")->status,
            202);
}

TEST_F(AdminServerTest, MetricsAreInPrometheusTextForm) {
  host_.add(pipeline("orders"));
  start();
  ASSERT_TRUE(await([&] { return get("/ready").status == 200; }));
  const auto response = get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.get_header_value("Content-Type"), HasSubstr("text/plain"));
  EXPECT_THAT(response.body,
              AllOf(HasSubstr("# TYPE sluice_records_total counter"),
                    HasSubstr("sluice_records_total{pipeline=\"orders\",task=\"0\"} 0"),
                    HasSubstr("# TYPE sluice_flush_seconds histogram")));
}

TEST_F(AdminServerTest, WithoutATokenItListensOnLoopbackOnly) {
  for (const char* const host :
       {"0.0.0.0", "192.168.1.1", "::", "example.org", "127.example.org"}) {
    EXPECT_THAT(
        [&] {
          AdminServer(AdminAddress{host, 0}, std::nullopt, host_);
        },
        ThrowsMessage<std::runtime_error>(HasSubstr(std::string("loopback only, not on ") + host)));
  }
}

TEST_F(AdminServerTest, APortThatIsTakenIsAnErrorThatSaysSo) {
  serve();
  const int port = server_->port();
  EXPECT_THAT(
      [&] {
        AdminServer(AdminAddress{"127.0.0.1", port}, std::nullopt, host_);
      },
      ThrowsMessage<std::runtime_error>(
          AllOf(HasSubstr("127.0.0.1:" + std::to_string(port)), HasSubstr("the port is taken"))));
}

}  // namespace
}  // namespace sluice
