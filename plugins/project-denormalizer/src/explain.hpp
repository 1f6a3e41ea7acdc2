#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "catalog.hpp"
#include "connection.hpp"
#include "plan.hpp"

// What the configuration comes to, in the shape that sluice_denormalizer::explain has.
namespace sluice::denorm {

/// All of it, with the server's estimates. `slot`: the replication slot, or empty. Throws
/// SqlFailure.
[[nodiscard]] nlohmann::ordered_json explain(const Plan& plan, const Catalog& catalog,
                                             Connection& connection, const std::string& slot);

/// What is known without a database: the tables that the configuration names.
[[nodiscard]] nlohmann::ordered_json explain_offline(const Node& tree);

}  // namespace sluice::denorm
