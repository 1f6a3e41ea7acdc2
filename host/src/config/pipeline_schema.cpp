#include "config/pipeline_schema.hpp"

#include "config/scalar.hpp"
#include "config/schema.hpp"

namespace sluice {

namespace {

constexpr const char* kPipelineSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Sluice pipeline",
  "description": "A pipeline from Kafka to a sink, with its jobs, and the services beside it. A file may hold a pipeline, services or both.",
  "type": "object",
  "additionalProperties": false,
  "required": ["name"],
  "anyOf": [{"required": ["source"]}, {"required": ["services"]}],
  "dependentRequired": {
    "source": ["decode", "denormalize", "sink"],
    "decode": ["source", "denormalize", "sink"],
    "transforms": ["source", "decode", "denormalize", "sink"],
    "denormalize": ["source", "decode", "sink"],
    "sink": ["source", "decode", "denormalize"],
    "jobs": ["source", "decode", "denormalize", "sink"]
  },
  "properties": {
    "name": {
      "type": "string",
      "pattern": "^[a-z0-9][a-z0-9_-]*$",
      "description": "Name of the pipeline, unique in the host. Part of metrics, log lines, REST paths and the defaults of source.group_id and errors.dead_letter_topic.",
      "examples": ["projects"]
    },
    "source": {
      "type": "object",
      "additionalProperties": false,
      "description": "Where changes come from: Kafka topics, read as one consumer group.",
      "required": ["brokers", "topics"],
      "properties": {
        "brokers": {
          "type": "string",
          "minLength": 1,
          "description": "Kafka brokers to start from, `host:port` separated by commas.",
          "examples": ["localhost:9092"]
        },
        "group_id": {
          "type": "string",
          "minLength": 1,
          "description": "Consumer group. If not given: `sluice-` and the pipeline's name."
        },
        "topics": {
          "type": "array",
          "minItems": 1,
          "items": {"type": "string", "minLength": 1},
          "description": "Topics to read. One that begins with `^` is a regular expression over topic names.",
          "examples": [["cdc.public.projects", "^cdc[.]public[.].*"]]
        },
        "start": {
          "type": "string",
          "enum": ["earliest", "latest"],
          "default": "earliest",
          "description": "Where to begin in a partition for which the group has no offset."
        },
        "properties": {
          "type": "object",
          "default": {},
          "description": "Any further property of librdkafka, among them those of TLS and SASL. Those that the host needs for its promises (offsets, group, brokers) cannot be set here.",
          "properties": {
            "sasl.password": {"type": "string", "format": "secret", "description": "Password for SASL."},
            "sasl.oauthbearer.config": {"type": "string", "format": "secret", "description": "What the login module is told for OAuth."},
            "sasl.oauthbearer.client.secret": {"type": "string", "format": "secret", "description": "Client secret for OAuth."},
            "ssl.key.password": {"type": "string", "format": "secret", "description": "Password of the private key."},
            "ssl.key.pem": {"type": "string", "format": "secret", "description": "Private key in PEM form."},
            "ssl.keystore.password": {"type": "string", "format": "secret", "description": "Password of the key store."}
          },
          "additionalProperties": {"type": "string", "description": "Value of the property of that name."}
        }
      }
    },
    "decode": {
      "$ref": "#/$defs/plugin",
      "description": "Turns the bytes of a record into a change of a row."
    },
    "transforms": {
      "type": "array",
      "default": [],
      "items": {"$ref": "#/$defs/plugin"},
      "description": "Plugins that each change passes through, in this order. One change may become none or several."
    },
    "denormalize": {
      "$ref": "#/$defs/plugin",
      "description": "Finds the documents that a change touches and reads them."
    },
    "sink": {
      "$ref": "#/$defs/plugin",
      "description": "Where documents are written."
    },
    "tasks": {
      "type": "integer",
      "minimum": 1,
      "maximum": 64,
      "default": 1,
      "description": "Consumers of the group in this process. Each has its own plugin instances; no more are busy than there are partitions."
    },
    "coalesce": {
      "type": "object",
      "additionalProperties": false,
      "default": {},
      "description": "How pending document keys are gathered into writes. A key that changes often is read and written once. Limits are for each task.",
      "properties": {
        "max_keys": {
          "type": "integer",
          "minimum": 1,
          "maximum": 1000000,
          "default": 50,
          "description": "Pending keys that are flushed without further delay."
        },
        "max_delay": {
          "type": "string",
          "format": "duration",
          "minimum": 0,
          "default": "2s",
          "description": "The longest time that a pending key waits for others while no flush is due otherwise."
        },
        "hot_pause": {
          "type": "string",
          "format": "duration",
          "minimum": 0,
          "maximum": 60000,
          "default": "8s",
          "description": "The longest time between two writes of a hot key, one whose changes never cease. A key is hot once it was written four times, each within an eighth of this time of the one before; it then waits until no change has come for an eighth of this time, or until all of it has passed since its last write. Deletes do not wait. 0: no key waits."
        },
        "bulk_max_keys": {
          "type": "integer",
          "minimum": 1,
          "maximum": 1000000,
          "default": 1000,
          "description": "Most keys in one flush; under backlog batches grow to this."
        },
        "max_pending_keys": {
          "type": "integer",
          "minimum": 1,
          "maximum": 100000000,
          "default": 20000,
          "description": "Pending keys at which reading from Kafka pauses."
        },
        "max_pending_bytes": {
          "type": "string",
          "format": "size",
          "minimum": 1,
          "default": "64mb",
          "description": "Memory in pending changes at which reading from Kafka pauses."
        },
        "writers": {
          "type": "integer",
          "minimum": 1,
          "maximum": 64,
          "default": 2,
          "description": "Flushes in flight at once."
        }
      }
    },
    "errors": {
      "type": "object",
      "additionalProperties": false,
      "default": {},
      "description": "What happens to a record or document that cannot be processed.",
      "properties": {
        "tolerance": {
          "type": "string",
          "enum": ["none", "all"],
          "default": "all",
          "description": "`all`: put it into the dead-letter topic and go on. `none`: stop this pipeline."
        },
        "dead_letter_topic": {
          "type": "string",
          "description": "Topic for records that failed for good, with their original bytes. Empty: none, they are only logged. If not given: `sluice.`, the pipeline's name and `.dlq`."
        },
        "retry": {
          "type": "object",
          "additionalProperties": false,
          "default": {},
          "description": "Waits between attempts after a failure that may pass, doubling each time, with jitter. Attempts do not end.",
          "properties": {
            "initial": {
              "type": "string",
              "format": "duration",
              "minimum": 1,
              "default": "200ms",
              "description": "First wait."
            },
            "max": {
              "type": "string",
              "format": "duration",
              "minimum": 1,
              "default": "5s",
              "description": "Longest wait."
            }
          }
        },
        "visibility_timeout": {
          "type": "string",
          "format": "duration",
          "default": "10s",
          "description": "How long a document is read again for a transaction id that the database has not reached, as after a restore or failover; then it is taken as it is. One that is merely in progress is waited for without limit."
        }
      }
    },
    "fanout": {
      "type": "object",
      "additionalProperties": false,
      "default": {},
      "description": "Changes that touch very many documents, as of a user in a million projects.",
      "properties": {
        "page": {
          "type": "integer",
          "minimum": 1,
          "maximum": 1000000,
          "default": 1000,
          "description": "Keys that are looked up at a time."
        },
        "share": {
          "type": "integer",
          "minimum": 1,
          "maximum": 1000000,
          "default": 4,
          "description": "While fresh changes wait, one flush in so many is for such a change."
        }
      }
    },
    "jobs": {
      "type": "object",
      "default": {},
      "propertyNames": {"pattern": "^[a-z0-9][a-z0-9_-]*$"},
      "additionalProperties": {"$ref": "#/$defs/job"},
      "description": "Work on a schedule or on demand, by name, with the pipeline's own stages at hand."
    },
    "services": {
      "type": "object",
      "default": {},
      "propertyNames": {"pattern": "^[a-z0-9][a-z0-9_-]*$"},
      "additionalProperties": {"$ref": "#/$defs/plugin"},
      "description": "Long-running plugins, by name, that the host starts, watches and stops, such as a search API."
    },
    "shutdown_timeout": {
      "type": "string",
      "format": "duration",
      "minimum": 1,
      "default": "5s",
      "description": "How long a stopping pipeline may take to write what is pending; what is left is read again after the next start."
    }
  },
  "$defs": {
    "job": {
      "type": "object",
      "additionalProperties": false,
      "description": "A job: a plugin, its options, and when it runs.",
      "required": ["plugin"],
      "properties": {
        "plugin": {
          "type": "string",
          "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
          "description": "Name of the plugin; `sluice plugins list` shows which there are."
        },
        "schedule": {
          "type": "string",
          "minLength": 1,
          "examples": ["0 3 * * *", "*/15 * * * mon-fri", "never"],
          "description": "When it runs: cron with five fields (minute, hour, day of month, month, day of week), or `never` for only on demand. Without it, the plugin's own default."
        },
        "bootstrap": {
          "type": "boolean",
          "default": false,
          "description": "Also run it when the host starts and the index has yet to be filled: no job ever filled it, and it holds fewer documents than the source would give (or lacks one of 200 picked at random), or the job that did was cut off before its end."
        },
        "time_zone": {
          "type": "string",
          "minLength": 1,
          "default": "UTC",
          "examples": ["Europe/Berlin"],
          "description": "IANA time zone of the schedule."
        },
        "retry": {
          "type": "object",
          "additionalProperties": false,
          "default": {},
          "description": "A run that failed for a passing reason is tried again, with exponential back-off and jitter.",
          "properties": {
            "initial": {
              "type": "string",
              "format": "duration",
              "minimum": 1,
              "default": "10s",
              "description": "Wait before the second try; doubles with each further one."
            },
            "max": {
              "type": "string",
              "format": "duration",
              "minimum": 1,
              "default": "10m",
              "description": "Longest wait between tries."
            },
            "max_attempts": {
              "type": "integer",
              "minimum": 1,
              "maximum": 1000,
              "default": 8,
              "description": "Tries in all; after that the run has failed, until the schedule's next."
            }
          }
        },
        "config": {
          "type": "object",
          "default": {},
          "description": "Options of the plugin; `sluice plugins describe NAME` shows them."
        }
      }
    },
    "plugin": {
      "type": "object",
      "additionalProperties": false,
      "description": "A plugin and its options.",
      "required": ["plugin"],
      "properties": {
        "plugin": {
          "type": "string",
          "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
          "description": "Name of the plugin; `sluice plugins list` shows which there are."
        },
        "config": {
          "type": "object",
          "default": {},
          "description": "Options of the plugin; `sluice plugins describe NAME` shows them."
        }
      }
    }
  }
})json";

const Json& interpolated_text() {
  static const Json kText{{"type", "string"}, {"pattern", R"(\$\{.+\})"}};
  return kText;
}

/// Lets options that are not free text also hold a `${...}`.
Json with_interpolation(const Json& schema) {
  if (!schema.is_object()) return schema;
  const bool is_scalar =
      schema.contains("type") && (types_of(schema["type"]) & (kObjectType | kArrayType)) == 0;
  const bool is_free_text = schema.value("type", Json()) == "string" && !schema.contains("enum") &&
                            !schema.contains("const") && !schema.contains("pattern");
  if (is_scalar) {
    if (is_free_text) return schema;
    Json widened = Json::object();
    Json strict = schema;
    for (const char* note : {"description", "default", "examples"}) {
      if (!schema.contains(note)) continue;
      widened[note] = schema[note];
      strict.erase(note);
    }
    widened["anyOf"] = Json::array({strict, interpolated_text()});
    return widened;
  }
  Json widened = schema;
  for (const auto& [place, sub] : subschemas(schema)) {
    if (place != "propertyNames")
      widened[Json::json_pointer('/' + place)] = with_interpolation(*sub);
  }
  return widened;
}

}  // namespace

const Json& pipeline_schema() {
  static const Json kSchema = Json::parse(kPipelineSchema);
  return kSchema;
}

std::string published_pipeline_schema() {
  return with_interpolation(pipeline_schema()).dump(2) + '\n';
}

}  // namespace sluice
