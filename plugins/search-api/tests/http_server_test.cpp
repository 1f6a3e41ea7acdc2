#include "http_server.hpp"

#include <condition_variable>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include "http_client.hpp"

namespace sluice::search {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

HttpServer::Options quick_options() {
  return {.request_timeout = milliseconds(300), .idle_timeout = milliseconds(600)};
}

/// Answers with the target of the request.
void echo(const HttpRequest& request, const Reply& reply) {
  reply.send({200, "\"" + request.target + "\"", {}});
}

/// Keeps requests until the test answers them.
class Held {
 public:
  HttpServer::Handler handler() {
    return [this](const HttpRequest& request, const Reply& reply) {
      const std::lock_guard lock(mutex_);
      replies_.push_back(reply);
      targets_.push_back(request.target);
      arrived_.notify_all();
    };
  }

  /// The n-th request's right to answer, once it has come.
  Reply reply(std::size_t n) {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, seconds(10), [&] { return replies_.size() > n; })) {
      throw std::runtime_error("no request came");
    }
    return replies_[n];
  }

  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return replies_.size();
  }

  void forget() {
    const std::lock_guard lock(mutex_);
    replies_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Reply> replies_;
  std::vector<std::string> targets_;
};

TEST(HttpServer, AnswersARequest) {
  HttpServer server({}, echo);
  const auto response = get(server.port(), "/a?b=c&b=d");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "\"/a?b=c&b=d\"");
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  EXPECT_EQ(response.headers.at("connection"), "keep-alive");
  EXPECT_TRUE(response.headers.contains("date"));
}

TEST(HttpServer, KeepsTheConnection) {
  HttpServer server({}, echo);
  HttpClient client(server.port());
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.get("/" + std::to_string(i)).body, "\"/" + std::to_string(i) + "\"");
  }
}

TEST(HttpServer, ClosesWhereTheClientAsksForIt) {
  HttpServer server({}, echo);
  HttpClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.receive().headers.at("connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  HttpServer server({}, echo);
  HttpClient client(server.port());
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += get_request("/" + std::to_string(i));
  client.send(requests);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(client.receive().body, "\"/" + std::to_string(i) + "\"");
  }
}

TEST(HttpServer, HoldsPipelinedRequestsBackUntilTheOneBeforeIsAnswered) {
  Held held;
  HttpServer server({}, held.handler());
  HttpClient client(server.port());
  client.send(get_request("/1") + get_request("/2"));
  const auto first = held.reply(0);
  EXPECT_EQ(held.count(), 1U);
  std::thread([&] { first.send({200, "1", {}}); }).join();
  EXPECT_EQ(client.receive().body, "1");
  held.reply(1).send({200, "2", {}});
  EXPECT_EQ(client.receive().body, "2");
}

TEST(HttpServer, ReadsRequestsThatArriveInPieces) {
  HttpServer server({}, echo);
  HttpClient client(server.port());
  for (const char c : get_request("/slow")) client.send({&c, 1});
  EXPECT_EQ(client.receive().body, "\"/slow\"");
}

TEST(HttpServer, HeadHasNoBody) {
  HttpServer server({}, echo);
  HttpClient client(server.port());
  client.send("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n" + get_request("/next"));
  EXPECT_EQ(client.receive(true).headers.at("content-length"), "6");
  EXPECT_EQ(client.receive().body, "\"/next\"");
}

TEST(HttpServer, AnswersGarbageWith400AndCloses) {
  HttpServer server({}, echo);
  for (const char* garbage : {"\x16\x03\x01", "hello\r\n\r\n", "\n", "GET / HTTP/1.1\r\n\r\n"}) {
    HttpClient client(server.port());
    client.send(garbage);
    const auto response = client.receive();
    EXPECT_EQ(response.status, 400) << garbage;
    EXPECT_EQ(response.json().at("error").at("status"), 400);
    EXPECT_TRUE(client.closed_by_server()) << garbage;
  }
}

TEST(HttpServer, AnswersWhatCameBeforeTheGarbage) {
  HttpServer server({}, echo);
  HttpClient client(server.port());
  client.send(get_request("/good") + "nonsense\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(client.receive().status, 400);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, RefusesOversizedRequests) {
  HttpServer server({}, echo);
  HttpClient line(server.port());
  line.send("GET /" + std::string(20'000, 'a'));
  EXPECT_EQ(line.receive().status, 414);
  HttpClient headers(server.port());
  headers.send("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(40'000, 'a'));
  EXPECT_EQ(headers.receive().status, 431);
  HttpClient body(server.port());
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n");
  EXPECT_EQ(body.receive().status, 413);
}

TEST(HttpServer, SaysSoWhereARequestTakesTooLongToArrive) {
  HttpServer server(quick_options(), echo);
  HttpClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost");
  EXPECT_EQ(client.receive().status, 408);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, ClosesDripFedRequestsInTimeAllTheSame) {
  HttpServer server(quick_options(), echo);
  HttpClient client(server.port());
  const auto start = steady_clock::now();
  bool open = true;
  for (int i = 0; open && i < 100; ++i) {
    try {
      client.send("G");
      char byte = 0;
      open = ::recv(client.socket(), &byte, 1, MSG_DONTWAIT) < 0;
    } catch (const std::runtime_error&) {
      open = false;
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_FALSE(open);
  EXPECT_LT(steady_clock::now() - start, seconds(2));
}

TEST(HttpServer, ClosesSilentAndIdleConnections) {
  HttpServer server(quick_options(), echo);
  HttpClient silent(server.port());
  HttpClient idle(server.port());
  EXPECT_EQ(idle.get("/").status, 200);
  EXPECT_TRUE(silent.closed_by_server());
  EXPECT_TRUE(idle.closed_by_server());
}

TEST(HttpServer, SendsLargeResponsesToSlowReadersWhileOthersAreServed) {
  const std::string large(32 * 1024 * 1024, 'x');
  HttpServer server({}, [&](const HttpRequest& request, const Reply& reply) {
    reply.send({200, request.target == "/large" ? large : "small", {}});
  });
  HttpClient slow(server.port());
  slow.send(get_request("/large") + get_request("/small"));
  for (int i = 0; i < 20; ++i) ASSERT_EQ(get(server.port(), "/small").body, "small");
  EXPECT_EQ(slow.receive().body.size(), large.size());
  EXPECT_EQ(slow.receive().body, "small");
}

TEST(HttpServer, GivesUpOnAClientThatReadsNothing) {
  const std::string large(32 * 1024 * 1024, 'x');
  auto options = quick_options();
  options.write_timeout = milliseconds(200);
  HttpServer server(options, [&](const HttpRequest&, const Reply& reply) {
    reply.send({200, large, {}});
  });
  HttpClient client(server.port());
  client.send(get_request("/"));
  // Once the connection is closed at the other end, what comes there is answered with a reset.
  const auto deadline = steady_clock::now() + seconds(20);
  while (::send(client.socket(), "x", 1, MSG_NOSIGNAL) == 1 && steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_LT(steady_clock::now(), deadline);
  EXPECT_THROW(client.receive(), std::runtime_error);
}

TEST(HttpServer, ForgetsRequestsOfClientsThatLeave) {
  Held held;
  HttpServer server({}, held.handler());
  std::optional<HttpClient> client(server.port());
  client->send(get_request("/"));
  const auto reply = held.reply(0);
  EXPECT_TRUE(reply.wanted());
  client.reset();
  const auto deadline = steady_clock::now() + seconds(5);
  while (reply.wanted() && steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_FALSE(reply.wanted());
  reply.send({200, "too late", {}});
  EXPECT_EQ(server.port() != 0, true);
}

TEST(HttpServer, GivesEachClientItsOwnAnswer) {
  HttpServer server({}, [](const HttpRequest& request, const Reply& reply) {
    std::thread([=] { reply.send({200, request.target, {}}); }).detach();
  });
  std::vector<std::thread> clients;
  std::atomic<int> wrong = 0;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      for (int i = 0; i < 50; ++i) {
        const auto target = "/" + std::to_string(c) + "/" + std::to_string(i);
        if (get(server.port(), target).body != target) ++wrong;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
}

TEST(HttpServer, SurvivesAHandlerThatThrowsOrForgets) {
  HttpServer server({}, [](const HttpRequest& request, const Reply&) {
    if (request.target == "/throw") throw std::runtime_error("secret");
  });
  HttpClient client(server.port());
  const auto thrown = client.get("/throw");
  EXPECT_EQ(thrown.status, 500);
  EXPECT_THAT(thrown.body, ::testing::Not(HasSubstr("secret")));
  EXPECT_EQ(client.get("/forget").status, 500);
}

TEST(HttpServer, TakesTheFirstOfTwoAnswers) {
  HttpServer server({}, [](const HttpRequest&, const Reply& reply) {
    reply.send({200, "1", {}});
    reply.send({200, "2", {}});
  });
  HttpClient client(server.port());
  EXPECT_EQ(client.get("/").body, "1");
  EXPECT_EQ(client.get("/").body, "1");
}

TEST(HttpServer, TurnsConnectionsAwayBeyondItsLimit) {
  HttpServer server({.max_connections = 2}, echo);
  HttpClient first(server.port());
  HttpClient second(server.port());
  EXPECT_EQ(first.get("/").status, 200);
  EXPECT_EQ(second.get("/").status, 200);
  HttpClient third(server.port());
  EXPECT_EQ(third.receive().status, 503);
  EXPECT_TRUE(third.closed_by_server());
  EXPECT_EQ(first.get("/").status, 200);
}

TEST(HttpServer, StopAnswersWhatIsUnderWay) {
  Held held;
  HttpServer server({}, held.handler());
  HttpClient client(server.port());
  client.send(get_request("/"));
  const auto reply = held.reply(0);
  HttpClient idle(server.port());  // connected later, so closed later
  idle.send(get_request("/"));
  held.reply(1).send({200, "idle from now on", {}});
  idle.receive();
  std::thread stopper([&] { server.stop(seconds(10)); });
  EXPECT_TRUE(idle.closed_by_server());
  reply.send({200, "done", {}});
  const auto response = client.receive();
  stopper.join();
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.headers.at("connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, StopTurnsNewRequestsAway) {
  Held held;
  HttpServer server({}, held.handler());
  HttpClient client(server.port());
  client.send(get_request("/"));
  const auto reply = held.reply(0);
  HttpClient idle(server.port());  // connected later, so closed later
  idle.send(get_request("/"));
  held.reply(1).send({200, "idle from now on", {}});
  idle.receive();
  std::thread stopper([&] { server.stop(seconds(10)); });
  EXPECT_TRUE(idle.closed_by_server());
  HttpClient late(server.port());
  EXPECT_EQ(late.receive().status, 503);
  reply.send({200, "done", {}});
  stopper.join();
}

TEST(HttpServer, StopWaitsNoLongerThanItIsTold) {
  Held held;
  HttpServer server({}, held.handler());
  HttpClient client(server.port());
  client.send(get_request("/"));
  const auto reply = held.reply(0);
  const auto start = steady_clock::now();
  server.stop(milliseconds(200));
  EXPECT_LT(steady_clock::now() - start, seconds(2));
  EXPECT_TRUE(client.closed_by_server());
  reply.send({200, "too late", {}});
}

TEST(HttpServer, StopFreesThePort) {
  HttpServer::Options options;
  {
    HttpServer server(options, echo);
    options.port = server.port();
    EXPECT_EQ(get(options.port, "/").status, 200);
  }
  EXPECT_THROW(HttpClient{options.port}, std::runtime_error);
  HttpServer again(options, echo);
  EXPECT_EQ(get(options.port, "/").status, 200);
}

TEST(HttpServer, SaysWhereAndWhyItCannotListen) {
  HttpServer first({}, echo);
  try {
    HttpServer second({.port = first.port()}, echo);
    FAIL() << "listens on a port that is taken";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("127.0.0.1:" + std::to_string(first.port())));
    EXPECT_THAT(error.what(), HasSubstr("Address already in use"));
  }
}

}  // namespace
}  // namespace sluice::search
