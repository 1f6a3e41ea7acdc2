// The plugin: Debezium's JSON messages to row changes.
#include <algorithm>
#include <exception>
#include <string>

#include <sluice/sdk.hpp>

#include "envelope.hpp"
#include "json_reader.hpp"
#include "unavailable_value.hpp"
#include "within.hpp"

namespace sluice::debezium {

namespace {

constexpr const char* kSchema = R"({
  "type": "object",
  "properties": {
    "unavailable_value_placeholder": {
      "type": "string", "minLength": 1, "default": "__debezium_unavailable_value",
      "description": "The connector's unavailable.value.placeholder. Columns that hold it, because an update left a TOASTed value alone, are left out of `before` and `after`."
    }
  }
})";

[[noreturn]] void fail_type(const char* where, std::string_view expected,
                            const sluice_value& found) {
  throw RecordError(std::string(where) + ": expected " + std::string(expected) + ", found " +
                    std::string(describe_type(found)));
}

std::string quote(std::string_view text) {
  constexpr std::size_t kMost = 40;
  return '"' + std::string(text.size() <= kMost ? text : "(long text)") + '"';
}

std::string_view text_or_empty(const sluice_value& value, const char* where) {
  if (value.type == SLUICE_NULL) return "";
  if (value.type != SLUICE_STRING) fail_type(where, "a string", value);
  return to_string_view(value.as.text);
}

std::int64_t number_or_zero(const sluice_value& value, const char* where) {
  if (value.type == SLUICE_NULL) return 0;
  if (value.type != SLUICE_INT64 || value.as.int64 < 0) {
    fail_type(where, "an integer from 0 to 2^63 - 1", value);
  }
  return value.as.int64;
}

// "false", or what part of a snapshot it was: "true", "first", "last", "incremental", ...
bool is_snapshot(const sluice_value& value) {
  if (value.type == SLUICE_BOOL) return value.as.boolean != 0;
  const std::string_view text = text_or_empty(value, "source.snapshot");
  return !text.empty() && text != "false";
}

std::uint32_t operation(const sluice_value& op) {
  const std::string_view text = text_or_empty(op, "op");
  constexpr std::string_view kKnown = "cudrtm";
  if (text.size() != 1 || kKnown.find(text[0]) == std::string_view::npos) {
    throw RecordError("op: expected one of c, u, d, r, t, m, found " + quote(text));
  }
  return static_cast<unsigned char>(text[0]);
}

class DebeziumDecoder : public Decoder {
 public:
  DebeziumDecoder(Value config, Context context)
      : context_(context), unavailable_(config["unavailable_value_placeholder"].as_string()) {}

  void decode(std::span<const sluice_record* const> records, ChangeOutput& output) override {
    for (std::size_t i = 0; i < records.size(); ++i) {
      try {
        decode(*records[i], i, output);
      } catch (const RecordError& error) {
        output.fail(i, error.what());
      }
    }
  }

 private:
  void decode(const sluice_record& record, std::size_t index, ChangeOutput& output) {
    if (is_absent(record.value)) return;
    sluice_change change{};
    change.record = index;
    bool is_row = false;
    within("value", [&] { is_row = read_value(record, change, output); });
    if (!is_row) return;
    within("key", [&] { change.key = key(record, output); });
    if (change.op == SLUICE_OP_DELETE && change.key == nullptr && change.before == nullptr) {
      throw RecordError("a delete with neither a key nor `before`: no telling which row");
    }
    output.change(change);
  }

  bool read_value(const sluice_record& record, sluice_change& change, ChangeOutput& output) {
    Envelope envelope;
    if (!read_envelope(reader_, to_string_view(record.value), output, envelope)) return false;
    if (envelope.op.type == SLUICE_NULL) {
      if (is_not_about_rows(envelope)) return false;
      throw RecordError(
          "no field 'op', so not a Debezium change event (flattened by a transformation?)");
    }
    change.op = operation(envelope.op);
    fill_source(envelope, change);
    fill_rows(envelope, change, output);
    return true;
  }

  static void fill_source(const Envelope& envelope, sluice_change& change) {
    const auto& source = envelope.source;
    change.schema = to_view(text_or_empty(source.schema, "source.schema"));
    const std::string_view table = text_or_empty(source.table, "source.table");
    if (table.empty() && change.op != SLUICE_OP_MESSAGE) {
      throw RecordError("source.table: missing or empty, expected the table's name");
    }
    change.table = to_view(table);
    // A snapshot's id carries the epoch in its high bits, the log's does not.
    change.tx_id = number_or_zero(source.tx_id, "source.txId") & 0xFFFFFFFF;
    change.lsn = number_or_zero(source.lsn, "source.lsn");
    change.source_ts_ms = number_or_zero(source.ts_ms, "source.ts_ms");
    change.snapshot = is_snapshot(source.snapshot) ? 1 : 0;
  }

  void fill_rows(const Envelope& envelope, sluice_change& change, ChangeOutput& output) const {
    switch (change.op) {
      case SLUICE_OP_TRUNCATE:
        return;
      case SLUICE_OP_MESSAGE:
        change.after = row(envelope.message, "message", output);
        return;
      default:
        change.before = row(envelope.before, "before", output);
        change.after = row(envelope.after, "after", output);
        if (change.after == nullptr && change.op != SLUICE_OP_DELETE) {
          fail_type("after", "an object", envelope.after);
        }
    }
  }

  const sluice_value* row(const sluice_value& value, const char* where,
                          ChangeOutput& output) const {
    if (value.type == SLUICE_NULL) return nullptr;
    if (value.type != SLUICE_OBJECT) fail_type(where, "an object", value);
    return output.copy(without_unavailable(value, output));
  }

  sluice_value without_unavailable(const sluice_value& row, ChangeOutput& output) const {
    const auto fields = Value(row).as_object();
    const auto unavailable = [&](const sluice_field& field) {
      return unavailable_.matches(field.value);
    };
    const auto left_out = std::count_if(fields.begin(), fields.end(), unavailable);
    if (left_out == 0) return row;
    const std::size_t size = fields.size() - static_cast<std::size_t>(left_out);
    auto* const kept = output.allocate<sluice_field>(size);
    std::remove_copy_if(fields.begin(), fields.end(), kept, unavailable);
    context_.count("unavailable_values_total", static_cast<double>(left_out));
    return make_object({kept, size});
  }

  const sluice_value* key(const sluice_record& record, ChangeOutput& output) {
    if (is_absent(record.key)) return nullptr;
    return output.copy(read_key(reader_, to_string_view(record.key), output));
  }

  Context context_;
  UnavailableValue unavailable_;
  JsonReader reader_;
};

}  // namespace

}  // namespace sluice::debezium

SLUICE_PLUGIN("debezium-source-decoder", "1.0.0",
              "Decodes Debezium's JSON messages, with or without schemas, into row changes",
              sluice::debezium::kSchema, sluice::debezium::DebeziumDecoder)
