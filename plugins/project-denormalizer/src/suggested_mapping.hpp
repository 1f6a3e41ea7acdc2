#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catalog.hpp"
#include "connection.hpp"
#include "document_tree.hpp"

namespace sluice::denorm {

/// Settings and mapping of an index for the documents of a resolved tree, to start from:
/// {"mappings": …}. Types of expressions are asked of the server. `hints` gets what only a person
/// can decide. Throws SqlFailure.
[[nodiscard]] nlohmann::ordered_json suggested_mapping(const Node& root, const Catalog& catalog,
                                                       Connection& connection,
                                                       std::vector<std::string>& hints);

}  // namespace sluice::denorm
