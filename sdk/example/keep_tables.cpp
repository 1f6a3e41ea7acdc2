// A transform in full: lets through the changes of the named tables only.
#include <algorithm>
#include <string>
#include <vector>

#include <sluice/sdk.hpp>

namespace {

constexpr const char* kSchema = R"({
  "type": "object",
  "required": ["tables"],
  "properties": {
    "tables": {
      "type": "array", "items": {"type": "string"}, "minItems": 1,
      "description": "Tables whose changes pass; those of others are dropped."
    }
  }
})";

class KeepTables : public sluice::Transform {
 public:
  KeepTables(sluice::Value config, sluice::Context context) : context_(context) {
    for (const auto& table : config["tables"].as_array()) {
      tables_.emplace_back(sluice::Value(table).as_string());
    }
  }

  void transform(std::span<const sluice_change* const> changes,
                 sluice::ChangeOutput& output) override {
    for (const auto* change : changes) {
      if (keeps(sluice::to_string_view(change->table))) {
        output.change(*change);
      } else {
        context_.count("dropped_total");
      }
    }
  }

 private:
  bool keeps(std::string_view table) const {
    return std::find(tables_.begin(), tables_.end(), table) != tables_.end();
  }

  sluice::Context context_;
  std::vector<std::string> tables_;
};

}  // namespace

SLUICE_PLUGIN("keep-tables", "1.0.0", "Lets through the changes of the named tables only", kSchema,
              KeepTables)
