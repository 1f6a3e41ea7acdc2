#pragma once

#include <gmock/gmock.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include <sluice/testkit.hpp>

#include "postgres_cluster.hpp"

// The plugin on a real PostgreSQL, driven through its ABI.
namespace sluice::denorm {

/// The one cluster of this program.
inline PostgresCluster& cluster() {
  static PostgresCluster instance;
  return instance;
}

/// A row or a record key, as a decoder gives it.
class Row {
 public:
  explicit Row(const nlohmann::json& object)
      : value_(object.is_null() ? make_null() : to_value(object, arena_)) {}
  const sluice_value* get() const { return &value_; }

 private:
  Arena arena_;
  sluice_value value_;
};

class Change {
 public:
  Change(char op, std::string table, const nlohmann::json& key, const nlohmann::json& before,
         const nlohmann::json& after)
      : table_(std::move(table)), key_(key), before_(before), after_(after) {
    change_.op = static_cast<std::uint32_t>(op);
    change_.schema = to_view("public");
    change_.table = to_view(table_);
    change_.key = key_.get();
    change_.before = before_.get();
    change_.after = after_.get();
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  sluice_change* operator->() { return &change_; }
  const sluice_change* get() const { return &change_; }

 private:
  std::string table_;
  Row key_, before_, after_;
  sluice_change change_{};
};

/// One instance of the plugin, with its last output.
class Plugin {
 public:
  explicit Plugin(nlohmann::json document, std::int64_t fanout_threshold = 1000,
                  std::int64_t epoch = 0)
      : Plugin({{"version_epoch", epoch},
                {"fanout_threshold", fanout_threshold},
                {"document", std::move(document)}},
               cluster().connection()) {}
  /// All options but the connection.
  Plugin(nlohmann::json options, const nlohmann::json& connection)
      : instance_(create(host_, std::move(options), connection)) {}

  sluice_status route(std::vector<const sluice_change*> changes) {
    out_ = {};
    return api().route(self(), changes.data(), changes.size(), &out_, &instance_.error());
  }
  sluice_status walk(const std::string& cursor, std::size_t limit) {
    out_ = {};
    return api().walk(self(), to_view(cursor), limit, &out_, &instance_.error());
  }
  sluice_status materialize(const std::vector<std::string>& ids,
                            const std::vector<std::int64_t>& tx_ids = {}) {
    std::vector<sluice_key> keys;
    for (const std::string& id : ids) {
      keys.push_back({0, to_view(id), tx_ids.data(), tx_ids.size(), 0});
    }
    std::vector<const sluice_key*> pointers;
    for (const sluice_key& key : keys) pointers.push_back(&key);
    out_ = {};
    return api().materialize(self(), pointers.data(), pointers.size(), &out_, &instance_.error());
  }
  sluice_status ranges(std::size_t count) {
    out_ = {};
    return api().ranges(self(), count, &out_, &instance_.error());
  }
  sluice_status scan(const std::string& cursor, std::size_t limit) {
    out_ = {};
    return api().scan(self(), to_view(cursor), limit, &out_, &instance_.error());
  }
  sluice_status count(std::int64_t& documents) {
    return api().count(self(), &documents, &instance_.error());
  }
  sluice_status sample(std::size_t count) {
    out_ = {};
    return api().sample(self(), count, &out_, &instance_.error());
  }
  sluice_status snapshot() {
    out_ = {};
    return api().snapshot(self(), &out_, &instance_.error());
  }
  sluice_status explain() {
    out_ = {};
    return api().explain(self(), &out_, &instance_.error());
  }
  sluice_status source_state() {
    out_ = {};
    return api().source_state(self(), &out_, &instance_.error());
  }
  sluice_status lock(const std::string& name, bool& acquired) {
    std::int32_t flag = 0;
    const auto status = api().lock(self(), to_view(name), &flag, &instance_.error());
    acquired = flag != 0;
    return status;
  }
  sluice_status locked() { return api().locked(self(), &instance_.error()); }
  void unlock() { ASSERT_EQ(api().unlock(self(), &instance_.error()), SLUICE_OK); }

  const sluice_output& out() const { return out_; }
  const std::string& error() { return instance_.error().message; }
  std::vector<std::pair<std::int32_t, std::string>>& log() { return instance_.context().log; }

  // The document of an id in the last output; null if it was removed.
  nlohmann::json document(const std::string& id) const {
    for (const sluice_document& document : out_.documents) {
      if (to_string_view(document.id) != id) continue;
      return document.body == nullptr ? nlohmann::json() : to_json(Value{document.body});
    }
    throw std::out_of_range("no outcome for " + id);
  }
  std::int64_t version() const { return out_.documents.at(0).version; }
  std::vector<std::string> keys() const {
    std::vector<std::string> ids;
    for (const sluice_key& key : out_.keys) ids.emplace_back(to_string_view(key.id));
    return ids;
  }
  std::string cursor(std::size_t i = 0) const {
    return std::string(to_string_view(out_.cursors.at(i).state));
  }
  std::vector<std::string> all_cursors() const {
    std::vector<std::string> cursors;
    for (std::size_t i = 0; i < out_.cursors.size(); ++i) cursors.push_back(cursor(i));
    return cursors;
  }

 private:
  static TestHost::Instance create(const TestHost& host, nlohmann::json options,
                                   const nlohmann::json& connection) {
    options["connection"] = connection;
    return host.create(sluice_plugin_entry, SLUICE_KIND_DENORMALIZER, options);
  }
  const sluice_denormalizer& api() const { return *instance_.plugin().denormalizer; }
  void* self() const { return instance_.self(); }

  TestHost host_;
  TestHost::Instance instance_;
  sluice_output out_;
};

/// A test that begins with an empty database.
class PostgresTest : public ::testing::Test {
 protected:
  void SetUp() override {
    connection_ = std::make_unique<pqxx::connection>(cluster().conninfo());
    sql("SET client_min_messages = warning");
    sql("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public");
  }

  pqxx::result sql(const std::string& text) {
    pqxx::nontransaction transaction(*connection_);
    return transaction.exec(text);
  }

  std::unique_ptr<pqxx::connection> connection_;
};

}  // namespace sluice::denorm
