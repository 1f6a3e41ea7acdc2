#include "options.hpp"

#include <sluice/sdk.hpp>

namespace sluice::reconcile {

const char* config_schema() {
  return R"({
  "type": "object",
  "properties": {
    "action": {
      "type": "string", "enum": ["rebuild", "verify"], "default": "rebuild",
      "description": "rebuild: the index is made anew beside the one in use. verify: the one in use is compared with the source, document by document. The other options but `repair` are for rebuild."
    },
    "repair": {
      "type": "boolean", "default": false,
      "description": "With verify: the documents that differ are read again and written, and only these."
    },
    "retention": {
      "type": "string", "format": "duration", "default": "7d",
      "description": "Indices older than this are removed after a run; never the one in use, nor the one before it."
    },
    "readers": {
      "type": "integer", "minimum": 1, "maximum": 64, "default": 2,
      "description": "Connections that read the source at the same time."
    },
    "page": {
      "type": "integer", "minimum": 1, "maximum": 100000, "default": 1000,
      "description": "Rows read at once by each reader."
    },
    "lead": {
      "type": "string", "format": "duration", "default": "60s",
      "description": "How long before the start the catch-up begins to read Kafka: longer than a change can take from its place in Kafka to being visible in the database."
    },
    "max_lag": {
      "type": "string", "format": "duration", "default": "5s",
      "description": "The new index is level with Kafka when a round of catching up takes no longer than this."
    },
    "max_rounds": {
      "type": "integer", "minimum": 1, "maximum": 1000, "default": 20,
      "description": "Rounds of catching up before a run gives up, because changes come faster than they can be written."
    },
    "sample": {
      "type": "integer", "minimum": 0, "maximum": 100000, "default": 200,
      "description": "Documents picked at random and compared with the source before the swap; 0: counts only."
    },
    "max_checks": {
      "type": "integer", "minimum": 2, "maximum": 100, "default": 8,
      "description": "Checks, each after catching up once more, before a run gives up because index and source still differ."
    },
    "settle": {
      "type": "string", "format": "duration", "default": "3s",
      "description": "How long after the swap to catch up once more (no longer than the sink's longest write in flight)."
    }
  }
})";
}

Options read_options(Value config) {
  const auto duration = [&](const char* name) {
    return std::chrono::milliseconds(config[name].as_int64());
  };
  const auto size = [&](const char* name) {
    return static_cast<std::size_t>(config[name].as_int64());
  };
  const Action action =
      config["action"].as_string() == "verify" ? Action::kVerify : Action::kRebuild;
  const bool repair = config["repair"].as_bool();
  if (repair && action != Action::kVerify) {
    throw FatalError("/repair: only with `action: verify`; a rebuild needs no repair");
  }
  return {duration("retention"),
          size("readers"),
          size("page"),
          duration("lead"),
          duration("max_lag"),
          static_cast<int>(config["max_rounds"].as_int64()),
          size("sample"),
          static_cast<int>(config["max_checks"].as_int64()),
          duration("settle"),
          action,
          repair};
}

}  // namespace sluice::reconcile
