#include <sluice/sdk.hpp>

#include "denormalizer.hpp"
#include "options_schema.hpp"

SLUICE_PLUGIN("project-denormalizer", "1.0.0",
              "Documents from PostgreSQL tables: a root table with the related ones nested in it",
              sluice::denorm::kOptionsSchema, sluice::denorm::TreeDenormalizer)
