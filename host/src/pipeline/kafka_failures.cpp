#include "pipeline/kafka_failures.hpp"

#include <array>
#include <map>
#include <mutex>
#include <openssl/x509.h>
#include <spdlog/spdlog.h>
#include <string_view>

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;

/// librdkafka gives the reason to its log alone, as text, and an error code that says "transport
/// failure" to the caller.
class Failures {
 public:
  void note(const rd_kafka_t* client, std::string text) {
    const std::lock_guard lock(mutex_);
    failures_[client] = {std::move(text), Clock::now()};
  }
  std::string of(const rd_kafka_t* client, Clock::time_point since) const {
    const std::lock_guard lock(mutex_);
    const auto found = failures_.find(client);
    const bool is_known = found != failures_.end() && found->second.at >= since;
    return is_known ? found->second.text : std::string();
  }
  void forget(const rd_kafka_t* client) {
    const std::lock_guard lock(mutex_);
    failures_.erase(client);
  }

 private:
  struct Failure {
    std::string text;
    Clock::time_point at;
  };

  mutable std::mutex mutex_;
  std::map<const rd_kafka_t*, Failure> failures_;
};

Failures& failures() {
  static Failures all;
  return all;
}

// "[thrd:NAME]: text" without the thread, which is nobody's business.
std::string_view without_thread(std::string_view text) {
  constexpr std::string_view kEnd = "]: ";
  const auto end = text.find(kEnd);
  return text.starts_with("[thrd:") && end != std::string_view::npos
             ? text.substr(end + kEnd.size())
             : text;
}

spdlog::level::level_enum level_of(int syslog_level) {
  if (syslog_level <= 3) return spdlog::level::err;
  if (syslog_level == 4) return spdlog::level::warn;
  return syslog_level <= 6 ? spdlog::level::info : spdlog::level::debug;
}

// Debian 12's librdkafka repeats its own half of the nonce, which brokers let pass until 4.0
// (librdkafka's pull request 4895). All that they say is that the password is wrong.
std::string with_advice(std::string_view reason) {
  constexpr int kMended = 0x02060100;
  std::string text(reason);
  if (rd_kafka_version() < kMended && reason.find("SCRAM") != std::string_view::npos) {
    text += " (librdkafka " + std::string(rd_kafka_version_str()) +
            " cannot do SCRAM with Kafka 4: use PLAIN inside TLS, or a client certificate)";
  }
  return text;
}

void log_kafka(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  const std::string_view kind(facility);
  const auto reason = without_thread(text);
  // A refused certificate comes twice: with the reason, then as a failure without it.
  const bool lacks_reason = reason.find("certificate verify failed") != std::string_view::npos;
  if (kind == "SSLCERTVRFY" || (kind == "FAIL" && !lacks_reason)) {
    failures().note(client, with_advice(reason));
  }
  spdlog::log(level_of(level), "kafka {}: {}: {}", client == nullptr ? "" : rd_kafka_name(client),
              facility, text);
}

// OpenSSL has judged already; all that is added is why, which librdkafka would not say.
int explain_certificate(rd_kafka_t*, const char*, std::int32_t, int* x509_error, int, const char*,
                        std::size_t, char* reason, std::size_t reason_size, void*) {
  if (*x509_error == X509_V_OK) return 1;
  std::snprintf(reason, reason_size, "%s", X509_verify_cert_error_string(*x509_error));
  return 0;
}

bool verifies_certificates(const rd_kafka_conf_t* conf) {
  std::array<char, 16> value{};
  std::size_t size = value.size();
  rd_kafka_conf_get(conf, "enable.ssl.certificate.verification", value.data(), &size);
  return std::string_view(value.data()) != "false";
}

}  // namespace

void watch_failures(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_log_cb(conf, log_kafka);
  if (verifies_certificates(conf)) {
    rd_kafka_conf_set_ssl_cert_verify_cb(conf, explain_certificate);
  }
}

std::string last_failure(const rd_kafka_t* client, Clock::time_point since) {
  return failures().of(client, since);
}

void forget_failures(const rd_kafka_t* client) {
  failures().forget(client);
}

}  // namespace sluice
