#include "targets.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <sluice/sdk.hpp>

#include "refusal.hpp"
#include "target_name.hpp"

namespace sluice::opensearch {
namespace {

using nlohmann::json;

constexpr int kMaxTargetsPerDay = 100;

/// What a bulk load does without.
constexpr std::array kLiveSettings = {"refresh_interval", "number_of_replicas",
                                      "auto_expand_replicas"};

// In a mapping's _meta: whose index it is, and what whoever fills it keeps there.
const json::json_pointer kOwner("/sluice/alias");
const json::json_pointer kNote("/sluice/note");
const json::json_pointer kFence("/sluice/fence");

std::string path_of(std::string_view name) {
  return "/" + percent_encode(name);
}

}  // namespace

Binding Targets::binding() {
  const Response response = rest_.send(Method::kGet, path_of(config_.index) + "/_alias");
  if (response.status == 404) return {};
  if (!response.ok()) throw_refusal(response, "look up '" + config_.index + "'");
  const json indices = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (!indices.is_object()) throw RetryError("the answer to an alias look-up is garbled");
  Binding binding;
  for (const auto& [name, unused] : indices.items()) binding.indices.push_back(name);
  binding.is_alias = !indices.contains(config_.index);
  return binding;
}

void Targets::ensure_bound() {
  json body = index_body();
  // At most one index of an alias can be its write index, so of two hosts that get here at once,
  // even on either side of midnight, one is refused and finds the other's index.
  body["aliases"] = {{config_.index, {{"is_write_index", true}}}};
  const std::string date = today();
  for (int number = 1; number <= kMaxTargetsPerDay; ++number) {
    if (!binding().indices.empty()) return;
    if (try_create(target_name(config_.index, date, number), body)) return;
  }
  throw FatalError("no free index name for " + config_.index + " on " + date);
}

json Targets::index_body() const {
  return {{"settings", config_.settings}, {"mappings", config_.mappings}};
}

std::string Targets::create(std::string_view date) {
  if (!is_date(date)) {
    throw FatalError("'" + std::string(date) + "' is no date, expected YYYY-MM-DD");
  }
  json body = index_body();
  body["settings"]["refresh_interval"] = "-1";
  body["settings"]["number_of_replicas"] = 0;
  body["settings"]["auto_expand_replicas"] = false;
  body["mappings"]["_meta"][kOwner] = config_.index;
  for (int number = 1; number <= kMaxTargetsPerDay; ++number) {
    std::string name = target_name(config_.index, date, number);
    if (try_create(name, body)) return name;
  }
  throw FatalError("no free index name for " + config_.index + " on " + std::string(date));
}

void Targets::finish(std::string_view name) {
  json settings = json::object();
  for (const auto* setting : kLiveSettings) {
    settings[setting] = config_.settings.value(setting, json());  // null: the server's default
  }
  const std::string path = path_of(name);
  rest_.call("set up " + std::string(name), Method::kPut, path + "/_settings", settings);
  rest_.call("refresh " + std::string(name), Method::kPost, path + "/_refresh");
  const auto wait = config_.connection.request_timeout / 2;
  rest_.call("wait for " + std::string(name), Method::kGet,
             "/_cluster/health" + path +
                 "?wait_for_status=yellow&timeout=" + std::to_string(wait.count()) + "ms");
}

void Targets::swap(std::string_view name) {
  require_marker(name);
  const Binding now = binding();
  json actions = json::array();
  for (const auto& index : now.indices) {
    if (!now.is_alias) {
      actions.push_back({{"remove_index", {{"index", index}}}});
    } else if (index != name) {
      // must_exist: if another swap came first, this one starts again.
      actions.push_back(
          {{"remove", {{"index", index}, {"alias", config_.index}, {"must_exist", true}}}});
    }
  }
  actions.push_back(
      {{"add", {{"index", name}, {"alias", config_.index}, {"is_write_index", true}}}});
  const std::string what = "swap " + config_.index + " to " + std::string(name);
  const json answer = rest_.call(what, Method::kPost, "/_aliases", {{"actions", actions}});
  // Until then, a node that has not heard of the swap may still write to the old index.
  if (!answer.value("acknowledged", false)) {
    throw RetryError(what + ": not acknowledged by all nodes in time");
  }
}

// Marked first: a block without the mark would be taken for an operator's.
void Targets::fence(std::string_view name) {
  require_own_name(name);
  change_meta(name, kFence, true);
  const std::string what = "close " + std::string(name) + " for writes";
  const json answer = rest_.call(what, Method::kPut, path_of(name) + "/_block/write");
  if (!answer.value("acknowledged", false) || !answer.value("shards_acknowledged", false)) {
    throw RetryError(what + ": not acknowledged by all shards in time");
  }
}

void Targets::unfence(std::string_view name) {
  require_own_name(name);
  if (rest_.send(Method::kHead, path_of(name)).status == 404) return;
  if (!read_meta(name).value(kFence, false)) return;
  rest_.call("open " + std::string(name) + " for writes", Method::kPut,
             path_of(name) + "/_settings", {{"blocks.write", nullptr}});
  change_meta(name, kFence, nullptr);
}

std::vector<std::string> Targets::fenced() {
  std::vector<std::string> names;
  for (const auto& name : binding().indices) {
    if (is_target_name(config_.index, name) && read_meta(name).value(kFence, false)) {
      names.push_back(name);
    }
  }
  return names;
}

void Targets::drop(std::string_view name) {
  require_own_name(name);
  const auto current = binding().indices;
  if (std::find(current.begin(), current.end(), name) != current.end()) {
    throw FatalError("refusing to remove " + std::string(name) + ": " + config_.index +
                     " points at it");
  }
  const Response response = rest_.send(Method::kDelete, path_of(name));
  if (!response.ok() && response.status != 404) {
    throw_refusal(response, "remove " + std::string(name));
  }
}

json Targets::note(std::string_view name) {
  require_own_name(name);
  return read_meta(name).value(kNote, json());
}

void Targets::set_note(std::string_view name, const json& note) {
  require_own_name(name);
  change_meta(name, kNote, note);
}

// A mapping's _meta is replaced as a whole, so all that is in it goes along.
void Targets::change_meta(std::string_view name, const json::json_pointer& member,
                          const json& value) {
  json meta = read_meta(name);
  if (!value.is_null()) {
    meta[member] = value;
  } else if (meta.contains(member)) {
    meta[member.parent_pointer()].erase(member.back());
  } else {
    return;
  }
  rest_.call("keep a note with " + std::string(name), Method::kPut, path_of(name) + "/_mapping",
             {{"_meta", meta}});
}

std::vector<TargetInfo> Targets::list() {
  const json indices = rest_.call(
      "list the indices of " + config_.index, Method::kGet,
      path_of(config_.index) +
          "-*?filter_path=*.aliases,*.settings.index.creation_date&expand_wildcards=open,closed");
  std::vector<TargetInfo> targets;
  for (const auto& [name, index] : indices.items()) {
    if (!is_target_name(config_.index, name)) continue;
    const auto created = index.at("settings").at("index").at("creation_date").get<std::string>();
    const bool current = index.contains("aliases") && index["aliases"].contains(config_.index);
    targets.push_back({name, std::stoll(created), current});
  }
  std::sort(targets.begin(), targets.end(), [](const TargetInfo& a, const TargetInfo& b) {
    return std::tie(a.created_ms, a.name) < std::tie(b.created_ms, b.name);
  });
  return targets;
}

bool Targets::try_create(const std::string& name, const json& body) {
  const Response response = rest_.send(Method::kPut, path_of(name), body.dump());
  if (response.ok()) return true;
  const std::string type = error_type(response);
  // The second: another index has just become the alias's.
  if (type == "resource_already_exists_exception" ||
      (type == "illegal_state_exception" && !binding().indices.empty())) {
    return false;
  }
  throw_refusal(response, "create the index " + name);
}

void Targets::require_own_name(std::string_view name) const {
  if (!is_target_name(config_.index, name)) {
    throw FatalError("'" + std::string(name) + "' is no index of " + config_.index);
  }
}

json Targets::read_meta(std::string_view name) {
  const json found = rest_.call("read the mapping of " + std::string(name), Method::kGet,
                                path_of(name) + "/_mapping?filter_path=*.mappings._meta");
  const auto meta = json::json_pointer("/" + std::string(name) + "/mappings/_meta");
  const json value = found.value(meta, json());
  return value.is_object() ? value : json::object();
}

/// A write to an index that someone removed makes it anew on many clusters, with a guessed mapping.
/// Readers must never get to see that one.
void Targets::require_marker(std::string_view name) {
  if (read_meta(name).value(kOwner, json()) != config_.index) {
    throw FatalError(std::string(name) + " was not made for " + config_.index +
                     " by this plugin, or was removed and made anew since");
  }
}

}  // namespace sluice::opensearch
