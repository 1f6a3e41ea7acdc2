#include "envelope.hpp"

#include <array>
#include <utility>
#include <vector>

#include "within.hpp"

namespace sluice::debezium {

namespace {

using Element = JsonReader::Element;

enum Seen : unsigned {
  kTsMs = 1U << 0,
  kId = 1U << 1,
  kDatabaseName = 1U << 2,
  kDdl = 1U << 3,
  kOther = 1U << 4,
};

using Slot = std::pair<std::string_view, sluice_value*>;

template <std::size_t N>
sluice_value* find_slot(const std::array<Slot, N>& slots, std::string_view name) {
  for (const auto& [slot, value] : slots) {
    if (slot == name) return value;
  }
  return nullptr;
}

unsigned field_bit(std::string_view name) {
  if (name == "ts_ms" || name == "ts_us" || name == "ts_ns") return kTsMs;
  if (name == "id") return kId;
  if (name == "databaseName") return kDatabaseName;
  if (name == "ddl" || name == "tableChanges") return kDdl;
  return kOther;
}

void read_source(JsonReader& reader, Element element, Envelope& envelope) {
  auto& source = envelope.source;
  const std::array<Slot, 6> slots{{{"schema", &source.schema},
                                   {"table", &source.table},
                                   {"txId", &source.tx_id},
                                   {"lsn", &source.lsn},
                                   {"ts_ms", &source.ts_ms},
                                   {"snapshot", &source.snapshot}}};
  const bool is_object = reader.read_fields(element, [&](std::string_view name, Element each) {
    if (auto* slot = find_slot(slots, name)) *slot = reader.build(each);
  });
  if (!is_object) {
    throw RecordError("expected an object, found " +
                      std::string(describe_type(reader.build(element))));
  }
}

void read_field(JsonReader& reader, std::string_view name, Element element, Envelope& envelope) {
  const std::array<Slot, 5> slots{{{"op", &envelope.op},
                                   {"before", &envelope.before},
                                   {"after", &envelope.after},
                                   {"message", &envelope.message},
                                   {"status", &envelope.status}}};
  envelope.seen |= field_bit(name);
  if (auto* slot = find_slot(slots, name)) {
    within(name, [&] { *slot = reader.build(element); });
  } else if (name == "source") {
    within(name, [&] { read_source(reader, element, envelope); });
  }
}

// Reads the envelope inside {"schema": ..., "payload": ...}. Returns false if it is null.
bool read_payload(JsonReader& reader, Element element, Envelope& envelope) {
  const bool is_object = reader.read_fields(element, [&](std::string_view name, Element each) {
    read_field(reader, name, each, envelope);
  });
  if (is_object) return true;
  const sluice_value payload = reader.build(element);
  if (payload.type == SLUICE_NULL) return false;
  throw RecordError("expected an object, found " + std::string(describe_type(payload)));
}

}  // namespace

bool read_envelope(JsonReader& reader, std::string_view text, Output& output, Envelope& envelope) {
  bool has_content = true;
  const bool is_object =
      reader.read_object(text, output, [&](std::string_view name, Element element) {
        if (name == "schema") return;  // by far the largest part, and never needed
        if (name == "payload") {
          within(name, [&] { has_content = read_payload(reader, element, envelope); });
        } else {
          read_field(reader, name, element, envelope);
        }
      });
  return is_object && has_content;
}

sluice_value read_key(JsonReader& reader, std::string_view text, Output& output) {
  using simdjson::ondemand::json_type;
  std::vector<sluice_field> columns;
  sluice_value wrapped{};
  reader.read_object(text, output, [&](std::string_view name, Element element) {
    // Columns of these names are scalars, the wrapper's fields are objects.
    const bool may_be_wrapper = name == "schema" || name == "payload";
    if (!may_be_wrapper || element.type() != json_type::object) {
      columns.push_back(make_field(name, reader.build(element)));
    } else if (name == "payload") {
      wrapped = reader.build(element);
    }
  });
  if (wrapped.type == SLUICE_OBJECT) return wrapped;
  return reader.object_of(columns);
}

bool is_not_about_rows(const Envelope& envelope) {
  const auto seen = [&](unsigned fields) { return (envelope.seen & fields) == fields; };
  const Value status(envelope.status);
  // A row that was flattened may well have a status of its own.
  const bool is_transaction =
      status.is_string() && (status.as_string() == "BEGIN" || status.as_string() == "END");
  return envelope.seen == kTsMs || (is_transaction && seen(kId)) || seen(kDatabaseName | kDdl);
}

}  // namespace sluice::debezium
