// The OpenSearch query of a request.
#pragma once

#include <string>

#include "config.hpp"
#include "search_request.hpp"

namespace sluice::search {

/// The JSON body of the `_search` call that answers `request` on `route`. Hits with equal sort
/// values come in the order of `tiebreak`, so that pages neither overlap nor leave gaps.
std::string search_body(const RouteOptions& route, const SearchRequest& request,
                        const std::string& tiebreak);

}  // namespace sluice::search
