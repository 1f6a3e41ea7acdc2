#define BOOST_DLL_USE_STD_FS
#include "plugin/plugin_library.hpp"

#include <array>
#include <boost/dll/shared_library.hpp>
#include <utility>

#include <sluice/host_side.hpp>

#include "config/schema_check.hpp"
#include "plugin/context.hpp"

namespace sluice {
namespace {

constexpr std::array<std::pair<std::uint32_t, const char*>, 6> kKinds{
    {{SLUICE_KIND_DECODER, "decoder"},
     {SLUICE_KIND_TRANSFORM, "transform"},
     {SLUICE_KIND_DENORMALIZER, "denormalizer"},
     {SLUICE_KIND_SINK, "sink"},
     {SLUICE_KIND_JOB, "job"},
     {SLUICE_KIND_SERVICE, "service"}}};

// The handle is kept until the process is gone: code of an unloaded plugin may still be on some
// thread's stack, in thread-local destructors or in unique symbols. Hence the vector that is never
// destroyed: at the exit it would unload them, before what else ends there has run.
boost::dll::shared_library& open_forever(const std::filesystem::path& file) {
  static auto& handles = *new std::vector<std::unique_ptr<boost::dll::shared_library>>;
  // rtld_now: a missing symbol is an error here, not the end of the process at the first call.
  handles.push_back(std::make_unique<boost::dll::shared_library>(
      file, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local));
  return *handles.back();
}

const sluice_plugin* call_entry(const std::filesystem::path& file) {
  try {
    auto& library = open_forever(file);
    if (!library.has(SLUICE_PLUGIN_ENTRY_NAME)) {
      throw PluginError(file.string() + ": not a Sluice plugin: it has no symbol " +
                        SLUICE_PLUGIN_ENTRY_NAME);
    }
    const auto entry =
        library.get<const sluice_plugin*(const sluice_host*)>(SLUICE_PLUGIN_ENTRY_NAME);
    return entry(&host_table());
  } catch (const std::system_error& e) {
    throw PluginError(file.string() + ": cannot be loaded: " + e.what());
  }
}

// The function tables must be there for each kind that the plugin claims, with all functions of
// ABI 1.0.
template <typename Table>
bool complete(const Table* table, std::size_t smallest) {
  return table != nullptr && table->struct_size >= smallest;
}
bool has_table(const sluice_plugin& plugin, std::uint32_t kind) {
  switch (kind) {
    case SLUICE_KIND_DECODER:
      return complete(plugin.decoder, SLUICE_SIZE_WITH(sluice_decoder, decode));
    case SLUICE_KIND_TRANSFORM:
      return complete(plugin.transform, SLUICE_SIZE_WITH(sluice_transform, transform));
    case SLUICE_KIND_DENORMALIZER:
      return complete(plugin.denormalizer, SLUICE_SIZE_WITH(sluice_denormalizer, unlock));
    case SLUICE_KIND_SINK:
      return complete(plugin.sink, SLUICE_SIZE_WITH(sluice_sink, keys));
    case SLUICE_KIND_JOB:
      return complete(plugin.job, SLUICE_SIZE_WITH(sluice_job, run));
    default:
      return complete(plugin.service, SLUICE_SIZE_WITH(sluice_service, health));
  }
}

void check_descriptor(const std::filesystem::path& file, const sluice_plugin* plugin) {
  const std::string problem = incompatibility(plugin);
  if (!problem.empty()) throw PluginError(file.string() + ": cannot be used: " + problem);
  for (const auto& [kind, name] : kKinds) {
    if ((plugin->kinds & kind) != 0 && !has_table(*plugin, kind)) {
      throw PluginError(file.string() + ": claims the kind " + name + " without its functions");
    }
  }
  if (plugin->name == nullptr || plugin->create == nullptr || plugin->destroy == nullptr) {
    throw PluginError(file.string() +
                      ": its descriptor lacks a name or the create and destroy functions");
  }
}

Json parse_schema(const std::filesystem::path& file, const sluice_plugin& plugin) {
  const char* const text = plugin.config_schema == nullptr ? "{}" : plugin.config_schema;
  Json schema = Json::parse(text, nullptr, false);
  if (schema.is_discarded()) throw PluginError(file.string() + ": its option schema is no JSON");
  const auto problems = check_schema(schema);
  if (!problems.empty()) {
    throw PluginError(file.string() + ": its option schema is unsound: " + problems.front());
  }
  return schema;
}

}  // namespace

std::string kind_name(std::uint32_t kind) {
  for (const auto& [bit, name] : kKinds) {
    if (bit == kind) return name;
  }
  return "unknown kind";
}

std::vector<std::string> PluginLibrary::kinds() const {
  std::vector<std::string> names;
  for (const auto& [kind, name] : kKinds) {
    if ((descriptor_->kinds & kind) != 0) names.emplace_back(name);
  }
  return names;
}

PluginLibrary PluginLibrary::load(const std::filesystem::path& file) {
  const sluice_plugin* const plugin = call_entry(std::filesystem::absolute(file));
  check_descriptor(file, plugin);
  return {file, plugin, parse_schema(file, *plugin)};
}

}  // namespace sluice
