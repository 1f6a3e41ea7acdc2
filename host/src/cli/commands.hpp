#pragma once

#include <string>
#include <vector>

#include "admin/admin_server.hpp"
#include "app/loaded_pipeline.hpp"
#include "plugin/plugin_registry.hpp"

namespace sluice {

/// Each command returns the exit code of the process: 0, or 1 after telling what is wrong on
/// standard error.

/// Runs pipelines until SIGTERM or SIGINT.
int run_pipelines(const std::vector<std::string>& paths, const AdminAddress& admin,
                  PluginRegistry& registry);
/// Checks pipeline files to the last option; touches no server, unless `connect`: then each
/// pipeline's denormalizer also checks its options against the source.
int validate_pipelines(const std::vector<std::string>& paths, bool connect,
                       PluginRegistry& registry);
/// What a pipeline's denormalizer makes of its options: statements, tables to capture, a mapping.
int explain_pipeline(const std::string& file, bool as_json, PluginRegistry& registry);
/// Whether the denormalizer's options fit the source; prints what doesn't, or that it is away.
bool fits_its_source(const LoadedPipeline& pipeline);
/// Compares the index with the source: 0 if they are alike or were made so, else 1.
int verify_index(const std::string& file, bool repair, bool as_json, PluginRegistry& registry);
/// One run of a job, in this process.
int run_job(const std::string& file, const std::string& job, PluginRegistry& registry);
/// What the sink would create: settings and mappings, as JSON.
int print_mapping(const std::string& file, PluginRegistry& registry);
/// Creates what the sink needs and lacks (index, alias).
int init_index(const std::string& file, PluginRegistry& registry);
int list_plugins(PluginRegistry& registry);
int describe_plugin(const std::string& name, bool as_markdown, PluginRegistry& registry);
/// The options of a pipeline file: for people, or as JSON Schema.
int print_options(bool as_schema, bool as_markdown);
/// Asks a running host whether it is ready.
int check_health(const AdminAddress& admin);

}  // namespace sluice
