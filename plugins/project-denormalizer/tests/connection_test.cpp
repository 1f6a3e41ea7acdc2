#include "connection.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "connection_options.hpp"

namespace sluice::denorm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

nlohmann::json options() {
  return {{"host", "db.example"},    {"port", 5433},
          {"user", "reader"},        {"password", ""},
          {"dbname", "shop"},        {"sslmode", "prefer"},
          {"connect_timeout", 3000}, {"statement_timeout", 30000}};
}

TEST(ConnectionOptionsTest, BecomeLibpqSettings) {
  const std::string text = conninfo_of(options());
  EXPECT_THAT(text, HasSubstr("host='db.example'"));
  EXPECT_THAT(text, HasSubstr("port='5433'"));
  EXPECT_THAT(text, HasSubstr("connect_timeout='3'"));
  EXPECT_THAT(text, HasSubstr("-c statement_timeout=30000"));
  EXPECT_THAT(text, HasSubstr("-c default_transaction_read_only=on"));
  EXPECT_THAT(text, Not(HasSubstr("password"))) << "an empty one would hide ~/.pgpass";
}

TEST(ConnectionOptionsTest, EscapeQuotesAndBackslashes) {
  auto config = options();
  config["password"] = "it's \\ here";
  EXPECT_THAT(conninfo_of(config), HasSubstr("password='it\\'s \\\\ here'"));
}

TEST(ConnectionOptionsTest, RoundShortTimeoutsUpToWhatLibpqKnows) {
  auto config = options();
  config["connect_timeout"] = 250;
  EXPECT_THAT(conninfo_of(config), HasSubstr("connect_timeout='2'"));
  config["connect_timeout"] = 3001;
  EXPECT_THAT(conninfo_of(config), HasSubstr("connect_timeout='4'"));
}

TEST(ConnectionOptionsTest, AnAuthorityThatIsNamedIsAsked) {
  auto config = options();
  config.erase("sslmode");
  EXPECT_THAT(conninfo_of(config), HasSubstr("sslmode='prefer'"));
  config["sslrootcert"] = "/ca.pem";
  EXPECT_THAT(conninfo_of(config), HasSubstr("sslmode='verify-full'"));
  config["sslmode"] = "verify-ca";
  EXPECT_THAT(conninfo_of(config), HasSubstr("sslmode='verify-ca'"));
}

TEST(ConnectionOptionsTest, WarnOfAPasswordForAServerThatMayBeAnother) {
  auto config = options();
  EXPECT_EQ(exposure_of(config), "") << "no password";
  config["password"] = "hush";
  EXPECT_THAT(exposure_of(config), HasSubstr("db.example"));
  EXPECT_THAT(exposure_of(config), Not(HasSubstr("hush")));
  config["sslmode"] = "verify-ca";
  EXPECT_NE(exposure_of(config), "");
  config["sslmode"] = "verify-full";
  EXPECT_EQ(exposure_of(config), "");
  config["sslmode"] = "disable";
  for (const char* host : {"localhost", "127.0.0.1", "/run/postgresql"}) {
    config["host"] = host;
    EXPECT_EQ(exposure_of(config), "") << host;
  }
}

TEST(RemedyTest, FollowsTheSqlstate) {
  EXPECT_EQ(remedy_of(""), Remedy::kReconnect);
  EXPECT_EQ(remedy_of("08006"), Remedy::kReconnect);
  EXPECT_EQ(remedy_of("57P01"), Remedy::kReconnect);
  for (const char* state : {"40001", "40P01", "55P03", "57014", "53200", "58030"}) {
    EXPECT_EQ(remedy_of(state), Remedy::kRetry) << state;
  }
  for (const char* state : {"42703", "42P01", "0A000"}) {
    EXPECT_EQ(remedy_of(state), Remedy::kReplan) << state;
  }
  EXPECT_EQ(remedy_of("42501"), Remedy::kDenied);
  for (const char* state : {"22P02", "22012", "21000", "54000", "P0001", "XX000"}) {
    EXPECT_EQ(remedy_of(state), Remedy::kData) << state;
  }
}

}  // namespace
}  // namespace sluice::denorm
