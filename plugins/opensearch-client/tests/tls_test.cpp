#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>

#include "fake_server.hpp"
#include "sluice-opensearch/client.hpp"

namespace sluice::opensearch {
namespace {

using ::testing::HasSubstr;

/// Certificates in a directory of their own: `ca` signs `server` (for 127.0.0.1) and `client`.
class Tls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-tls-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    const auto openssl = [](const std::string& arguments) {
      const std::string command = "cd " + directory_ + " && openssl " + arguments + " 2>log";
      ASSERT_EQ(std::system(command.c_str()), 0) << command;
    };
    const std::string make =
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 ";
    openssl(make + "-keyout ca.key -out ca.pem -subj /CN=ca");
    openssl(make + "-CA ca.pem -CAkey ca.key -keyout server.key -out server.pem -subj /CN=server " +
            "-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE");
    openssl(make + "-CA ca.pem -CAkey ca.key -keyout client.key -out client.pem -subj /CN=client " +
            "-addext basicConstraints=CA:FALSE");
  }

  static void TearDownTestSuite() { std::filesystem::remove_all(directory_); }

  static std::string file(const std::string& name) { return directory_ + "/" + name; }

  /// A server; with `client_ca`, only for clients with a certificate of that authority.
  static std::unique_ptr<testing::FakeServer<httplib::SSLServer>> serve(
      const std::string& client_ca = "") {
    auto server = std::make_unique<testing::FakeServer<httplib::SSLServer>>(
        file("server.pem").c_str(), file("server.key").c_str(),
        client_ca.empty() ? nullptr : client_ca.c_str());
    server->http().Get(
        "/", [](const auto&, auto& response) { response.set_content("secure", "text/plain"); });
    server->start();
    return server;
  }

  static std::string get(int port, ConnectionOptions options, const std::string& host) {
    options.url = "https://" + host + ":" + std::to_string(port);
    try {
      return Client(options).request(Method::kGet, "/").body;
    } catch (const TransportError& error) {
      return error.what();
    }
  }

  inline static std::string directory_;
};

TEST_F(Tls, RefusesAnUnknownAuthorityByDefault) {
  const auto server = serve();
  EXPECT_THAT(get(server->port(), {}, "127.0.0.1"), HasSubstr("certificate"));
}

TEST_F(Tls, TrustsTheGivenAuthority) {
  const auto server = serve();
  EXPECT_EQ(get(server->port(), {.ca_file = file("ca.pem")}, "127.0.0.1"), "secure");
}

TEST_F(Tls, RefusesACertificateForAnotherHost) {
  const auto server = serve();
  EXPECT_THAT(get(server->port(), {.ca_file = file("ca.pem")}, "localhost"),
              HasSubstr("localhost"));
}

TEST_F(Tls, ChecksNothingWhenVerificationIsOff) {
  const auto server = serve();
  EXPECT_EQ(get(server->port(), {.verify = false}, "localhost"), "secure");
}

TEST_F(Tls, PresentsTheClientCertificate) {
  const auto server = serve(file("ca.pem"));
  ConnectionOptions options{.ca_file = file("ca.pem")};
  EXPECT_NE(get(server->port(), options, "127.0.0.1"), "secure");
  options.client_cert = file("client.pem");
  options.client_key = file("client.key");
  EXPECT_EQ(get(server->port(), options, "127.0.0.1"), "secure");
}

TEST_F(Tls, SaysWhichFileIsMissing) {
  const auto server = serve();
  EXPECT_THAT(get(server->port(), {.ca_file = file("absent.pem")}, "127.0.0.1"),
              HasSubstr("absent.pem"));
}

}  // namespace
}  // namespace sluice::opensearch
