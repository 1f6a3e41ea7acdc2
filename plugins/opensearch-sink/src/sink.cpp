// The plugin's entry: documents to OpenSearch.
#include <sluice/json.hpp>
#include <sluice/sdk.hpp>

#include "bulk_writer.hpp"
#include "config.hpp"
#include "document_reader.hpp"
#include "rest.hpp"
#include "targets.hpp"

namespace sluice::opensearch {
namespace {

class OpenSearchSink : public Sink {
 public:
  OpenSearchSink(Value config, Context context)
      : context_(context),
        config_(read_config(to_json(config))),
        rest_(config_.connection, [context] { return context.stopping(); }),
        targets_(rest_, config_),
        writer_(rest_, targets_, config_, context_) {}

  void prepare() override { targets_.ensure_bound(); }

  void write(std::string_view target, std::span<const sluice_document* const> documents,
             OutcomeOutput& output) override {
    writer_.write(target, documents, output);
  }

  std::chrono::milliseconds max_in_flight() const override {
    return opensearch::max_in_flight(config_.connection);
  }

  void describe(ValueOutput& output) override {
    output.value(to_value(targets_.index_body(), output));
  }

  void create_target(std::string_view date, ValueOutput& output) override {
    output.value(make_string(output.copy(targets_.create(date))));
  }
  void finish_target(std::string_view target) override { targets_.finish(target); }
  void swap_target(std::string_view target) override { targets_.swap(target); }
  void drop_target(std::string_view target) override { targets_.drop(target); }

  void fence_target(std::string_view target) override { targets_.fence(target); }
  void unfence_target(std::string_view target) override { targets_.unfence(target); }

  void list_targets(ValueOutput& output) override {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [name, created_ms, current] : targets_.list()) {
      list.push_back({{"name", name}, {"created_ms", created_ms}, {"current", current}});
    }
    output.value(to_value(list, output));
  }

  void refresh(std::string_view target) override {
    rest_.call("refresh", Method::kPost, path_of(target) + "/_refresh");
  }

  std::int64_t count(std::string_view target) override {
    return rest_.call("count documents", Method::kGet, path_of(target) + "/_count").at("count");
  }

  void fetch(std::string_view target, std::span<const sluice_key* const> keys,
             DocumentOutput& output) override {
    fetch_documents(rest_, index_of(target), keys, output);
  }

  void keys(std::string_view target, std::string_view cursor, std::size_t limit,
            KeyOutput& output) override {
    list_keys(rest_, index_of(target), cursor, limit, output);
  }

  void set_note(std::string_view target, Value note) override {
    targets_.set_note(target, to_json(note));
  }
  void note(std::string_view target, ValueOutput& output) override {
    const nlohmann::json note = targets_.note(target);
    if (!note.is_null()) output.value(to_value(note, output));
  }

 private:
  /// An empty target stands for the index in use.
  std::string_view index_of(std::string_view target) const {
    return target.empty() ? std::string_view(config_.index) : target;
  }
  std::string path_of(std::string_view target) const {
    return "/" + percent_encode(index_of(target));
  }

  const Context context_;
  const SinkConfig config_;
  Rest rest_;
  Targets targets_;
  BulkWriter writer_;
};

}  // namespace
}  // namespace sluice::opensearch

SLUICE_PLUGIN("opensearch-sink", "1.0.0",
              "Writes documents to OpenSearch and manages their indices",
              sluice::opensearch::config_schema(), sluice::opensearch::OpenSearchSink)
