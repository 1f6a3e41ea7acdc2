// Clients that mean no good, against the HTTP server alone.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "http_client.hpp"
#include "http_server.hpp"

namespace sluice::search {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t kMegabyte = std::size_t{1024} * 1024;

// What the kernel may hold of a connection at both ends together.
constexpr std::size_t kInTheNetwork = 24 * kMegabyte;

void echo(const HttpRequest& request, const Reply& reply) {
  reply.send({200, "\"" + request.target + "\"", {}});
}

/// Answers with so much that no socket buffer takes it.
HttpServer::Handler answer_with(std::size_t size) {
  return [body = std::string(size, 'x')](const HttpRequest& request, const Reply& reply) {
    reply.send({200, request.target == "/large" ? body : "small", {}});
  };
}

std::size_t open_descriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  std::size_t count = 0;
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

milliseconds processor_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return milliseconds(time.tv_sec * 1000 + time.tv_usec / 1000);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

template <typename Condition>
bool eventually(Condition condition) {
  const auto deadline = steady_clock::now() + seconds(10);
  while (!condition()) {
    if (steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

std::string requests(std::size_t count, const std::string& target) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += get_request(target);
  return text;
}

TEST(Attack, PipelinesOfThousandsAreAnsweredInOrder) {
  HttpServer server({}, echo);
  HttpClient client(server.port());
  constexpr int kCount = 20'000;
  std::thread sender([&] {
    std::string text;
    for (int i = 0; i < kCount; ++i) text += get_request("/" + std::to_string(i));
    client.send(text);
  });
  int wrong = 0;
  for (int i = 0; i < kCount; ++i) {
    if (client.receive().body != "\"/" + std::to_string(i) + "\"") ++wrong;
  }
  sender.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Attack, PipelinesGoOnAfterAnAnswerThatFillsATurn) {
  HttpServer server({}, answer_with(200 * 1024));
  HttpClient client(server.port());
  client.send(requests(3, "/large") + get_request("/small"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.receive().body.size(), 200U * 1024);
  EXPECT_EQ(client.receive().body, "small");
}

TEST(Attack, AFloodWaitsInTheNetworkWhileARequestIsUnderWay) {
  std::mutex mutex;
  std::deque<Reply> held;
  HttpServer server({}, [&](const HttpRequest&, const Reply& reply) {
    const std::lock_guard lock(mutex);
    held.push_back(reply);
  });
  HttpClient client(server.port());
  client.send(get_request("/1"));
  const auto sent = client.send_what_goes(std::string(64 * kMegabyte, 'x'), milliseconds(300));
  EXPECT_LT(sent, kInTheNetwork);
  {
    const std::lock_guard lock(mutex);
    ASSERT_EQ(held.size(), 1U);
    held.front().send({200, "1", {}});
  }
  EXPECT_EQ(client.receive().body, "1");
}

TEST(Attack, AFloodOfRequestsWhoseAnswersNobodyReadsWaitsInTheNetwork) {
  HttpServer server({}, echo);
  HttpClient client(server.port());
  const auto sent = client.send_what_goes(requests(1'000'000, "/"), milliseconds(300));
  EXPECT_LT(sent, kInTheNetwork);
  EXPECT_EQ(get(server.port(), "/other").status, 200);
}

TEST(Attack, OthersAreServedWhileOneNeverPauses) {
  HttpServer server({}, echo);
  HttpClient flooder(server.port());
  std::atomic<bool> stop = false;
  std::thread sender([&] {
    const auto text = requests(1000, "/flood");
    while (!stop) flooder.send_what_goes(text, milliseconds(100));
  });
  std::thread reader([&] {
    std::vector<char> bytes(kMegabyte);
    while (!stop) ::recv(flooder.socket(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  });
  auto longest = milliseconds(0);
  for (int i = 0; i < 50; ++i) {
    const auto begin = steady_clock::now();
    EXPECT_EQ(get(server.port(), "/other").body, "\"/other\"");
    longest =
        std::max(longest, std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin));
  }
  stop = true;
  sender.join();
  reader.join();
  EXPECT_LT(longest, seconds(2));
}

TEST(Attack, AReaderThatTakesForeverIsCutOff) {
  HttpServer server({.write_timeout = milliseconds(2000), .answer_timeout = milliseconds(500)},
                    answer_with(32 * kMegabyte));
  HttpClient client(server.port());
  client.send(get_request("/large"));
  std::vector<char> bytes(16 * 1024);
  std::size_t received = 0;
  ssize_t size = 0;
  const auto begin = steady_clock::now();
  while ((size = ::recv(client.socket(), bytes.data(), bytes.size(), 0)) > 0) {
    received += static_cast<std::size_t>(size);
    const bool slowly = steady_clock::now() - begin < seconds(1);
    if (slowly) std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_LT(received, 32 * kMegabyte) << "it may take as long as it likes";
  EXPECT_LT(size, 0) << "the end looks like that of a whole answer";
}

TEST(Attack, ReadersThatTakeNothingDoNotPileUp) {
  HttpServer server({.max_held_output = 40 * kMegabyte}, answer_with(16 * kMegabyte));
  std::deque<HttpClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(server.port());
    clients.back().send(get_request("/large"));
    EXPECT_EQ(get(server.port(), "/small").body, "small");
  }
  std::size_t whole = 0;
  for (auto& client : clients) {
    try {
      if (client.receive().body.size() == 16 * kMegabyte) ++whole;
    } catch (const std::runtime_error&) {
    }
  }
  EXPECT_GE(whole, 2U);
  EXPECT_LE(whole, 7U);
}

TEST(Attack, ANewcomerTakesThePlaceOfTheLongestIdle) {
  HttpServer server({.max_connections = 3, .min_idle = milliseconds(0)}, echo);
  HttpClient first(server.port());
  first.send("GET / HT");  // half a request is no work under way
  HttpClient second(server.port());
  EXPECT_EQ(second.get("/").status, 200);
  HttpClient third(server.port());
  EXPECT_EQ(third.get("/").status, 200);
  HttpClient fourth(server.port());
  EXPECT_EQ(fourth.get("/").status, 200);
  EXPECT_TRUE(first.closed_by_server());
  EXPECT_EQ(second.get("/").status, 200);
  EXPECT_EQ(third.get("/").status, 200);
}

TEST(Attack, NoRequestUnderWayMakesRoom) {
  std::mutex mutex;
  std::deque<Reply> held;
  HttpServer server({.max_connections = 1, .min_idle = milliseconds(0)},
                    [&](const HttpRequest&, const Reply& reply) {
                      const std::lock_guard lock(mutex);
                      held.push_back(reply);
                    });
  HttpClient busy(server.port());
  busy.send(get_request("/"));
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return !held.empty();
  }));
  HttpClient late(server.port());
  EXPECT_EQ(late.receive().status, 503);
  held.front().send({200, "done", {}});
  EXPECT_EQ(busy.receive().body, "done");
}

TEST(Attack, ConnectionsBeyondTheLimitLeaveNothingBehind) {
  HttpServer server({.max_connections = 4, .min_idle = seconds(60)}, echo);
  const auto before = open_descriptors();
  {
    std::deque<HttpClient> clients;
    for (int i = 0; i < 300; ++i) clients.emplace_back(server.port());
    HttpClient late(server.port());
    late.closed_by_server();  // in its turn, after all others
    EXPECT_LT(open_descriptors(), before + 301 + 4 + 64 + 8);
  }
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= before; }));
  EXPECT_EQ(get(server.port(), "/").status, 200);
}

/// Lets the process open `more` files than it has now, while it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    auto few = before_;
    few.rlim_cur = static_cast<rlim_t>(::dup(0)) + 1;  // the lowest that is free
    ::close(static_cast<int>(few.rlim_cur) - 1);
    few.rlim_cur += more;
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST(Attack, WithoutDescriptorsItWaitsInsteadOfSpinning) {
  HttpServer server({.min_idle = seconds(60)}, echo);
  HttpClient open(server.port());
  EXPECT_EQ(open.get("/").status, 200);
  std::deque<HttpClient> clients;
  {
    const FewDescriptors few(6);
    for (int i = 0; i < 4; ++i) clients.emplace_back(server.port());
    for (const auto& client : clients) client.send(get_request("/waits"));
    const auto begin = processor_time();
    std::this_thread::sleep_for(seconds(1));
    EXPECT_LT(processor_time() - begin, milliseconds(400));
    EXPECT_EQ(open.get("/").status, 200);
  }
  for (auto& client : clients) EXPECT_EQ(client.receive().body, "\"/waits\"");
}

TEST(Attack, WithoutDescriptorsANewcomerTakesThePlaceOfAnIdleOne) {
  HttpServer server({.min_idle = milliseconds(0)}, echo);
  HttpClient idle(server.port());
  EXPECT_EQ(idle.get("/").status, 200);
  const FewDescriptors few(1);
  HttpClient late(server.port());
  EXPECT_EQ(late.get("/").status, 200);
  EXPECT_TRUE(idle.closed_by_server());
}

TEST(Attack, ClientsThatResetLeaveNothingBehind) {
  std::mutex mutex;
  std::deque<Reply> held;
  HttpServer server({}, [&](const HttpRequest& request, const Reply& reply) {
    if (request.target == "/now") return reply.send({200, std::string(8 * kMegabyte, 'x'), {}});
    const std::lock_guard lock(mutex);
    held.push_back(reply);
  });
  const auto before = open_descriptors();
  for (const char* sent : {"", "GET / HT", "GET /now HTTP/1.1\r\nHost: h\r\n\r\n",
                           "GET /later HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    for (int i = 0; i < 20; ++i) {
      HttpClient client(server.port());
      client.send(sent);
      client.reset();
    }
  }
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= before; }));
  const std::lock_guard lock(mutex);
  EXPECT_TRUE(eventually([&] {
    return std::none_of(held.begin(), held.end(), [](const Reply& r) { return r.wanted(); });
  }));
  for (const auto& reply : held) reply.send({200, "too late", {}});
}

TEST(Attack, BlankLinesDoNotKeepAConnection) {
  HttpServer server({.request_timeout = milliseconds(300), .idle_timeout = milliseconds(300)},
                    echo);
  HttpClient client(server.port());
  const auto begin = steady_clock::now();
  try {
    while (steady_clock::now() - begin < seconds(5)) {
      client.send("\r\n");
      std::this_thread::sleep_for(milliseconds(20));
    }
  } catch (const std::runtime_error&) {
  }
  EXPECT_LT(steady_clock::now() - begin, seconds(3));
}

TEST(Attack, ASlowBodyIsCutOffInTime) {
  HttpServer server({.request_timeout = milliseconds(300)}, echo);
  HttpClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n");
  for (int i = 0; i < 10; ++i) {
    client.send("x");
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(client.receive().status, 408);
  EXPECT_TRUE(client.closed_by_server());
}

/// Whatever stands behind a request that two servers could read in two ways is not answered.
TEST(Attack, NothingCanBeSmuggledBehindARequest) {
  HttpServer server({}, echo);
  const std::string hidden = get_request("/hidden");
  for (const char* headers :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n\r\n", "Content-Length: 0\n\r\n",
        "Transfer-Encoding\t: chunked\r\n\r\n", "A: b\r\n Content-Length: 5\r\n\r\n",
        "Content-Length: -0\r\n\r\n", "A: \x01\r\n\r\n"}) {
    HttpClient client(server.port());
    client.send(std::string("POST / HTTP/1.1\r\nHost: h\r\n") + headers + hidden + hidden);
    const auto response = client.receive();
    EXPECT_THAT(response.status, ::testing::AnyOf(400, 501)) << headers;
    EXPECT_EQ(response.headers.at("connection"), "close");
    EXPECT_TRUE(client.closed_by_server()) << headers;
  }
}

}  // namespace
}  // namespace sluice::search
