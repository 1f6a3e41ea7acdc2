#pragma once

#include <chrono>
#include <librdkafka/rdkafka.h>
#include <string>

namespace sluice {

/// Sends what clients of this configuration log to our log, and keeps of each why it could last not
/// reach a broker. A broker's certificate that is refused is refused with the reason.
void watch_failures(rd_kafka_conf_t* conf);

/// Which broker the client could last not reach, since then, and why; empty if none. A later
/// success does not clear it. Thread-safe.
std::string last_failure(const rd_kafka_t* client,
                         std::chrono::steady_clock::time_point since = {});

/// The client is about to be destroyed.
void forget_failures(const rd_kafka_t* client);

}  // namespace sluice
