// sluice: the command line.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/dlq.hpp"
#include "config/nearest.hpp"
#include "log/log.hpp"
#include "plugin/plugin_registry.hpp"

namespace {

struct Options {
  std::string log_level = "info";
  std::string log_format = "auto";
  std::string admin = "127.0.0.1:8084";
  std::vector<std::string> plugin_path;
  std::vector<std::string> paths;
  std::string file;
  std::string name;
  bool as_markdown = false;
  bool as_schema = false;
  bool as_json = false;
  bool connect = false;
  bool repair = false;
};

sluice::LogFormat log_format(const std::string& name) {
  if (name == "text") return sluice::LogFormat::kText;
  if (name == "json") return sluice::LogFormat::kJson;
  return sluice::LogFormat::kAuto;
}

sluice::AdminAddress admin_address(const std::string& text) {
  const auto colon = text.rfind(':');
  const std::string port = text.substr(colon == std::string::npos ? 0 : colon + 1);
  sluice::AdminAddress address;
  if (colon != std::string::npos) address.host = text.substr(0, colon);
  if (address.host.starts_with('[') && address.host.ends_with(']')) {  // IPv6
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  std::size_t used = 0;
  try {
    address.port = std::stoi(port, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != port.size() || address.port < 0 || address.port > 65535) {
    throw CLI::ValidationError("--admin", "\"" + text + "\" is no HOST:PORT");
  }
  return address;
}

// CLI11 says only that a command is missing, or which words are too many.
void explain_unknown(const CLI::App& app) {
  std::vector<std::string> options;
  const CLI::App* command = &app;  // the last that was understood
  const auto add_options = [&] {
    for (const auto* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) options.push_back("--" + name);
    }
  };
  for (add_options(); !command->get_subcommands().empty(); add_options()) {
    command = command->get_subcommands().front();
  }
  std::vector<std::string> commands;
  for (const auto* next : command->get_subcommands({})) commands.push_back(next->get_name());

  for (const auto& word : app.remaining(true)) {
    const bool is_option = word.starts_with("--");
    if (!is_option && commands.empty()) continue;
    const auto unknown = is_option ? word.substr(0, word.find('=')) : word;
    const auto meant = sluice::nearest(unknown, is_option ? options : commands);
    std::cerr << "unknown " << (is_option ? "option" : "command") << " \"" << unknown << '"'
              << (meant ? "; did you mean \"" + *meant + "\"?" : "") << '\n';
    if (!is_option) return;  // what follows belongs to it
  }
}

int run(int argc, char** argv) {
  CLI::App app{
      "Sluice: runs pipelines from change events in Kafka to a search index, with plugins.",
      "sluice"};
  app.set_version_flag("--version", SLUICE_VERSION);
  app.require_subcommand(1);
  Options options;
  int code = 0;
  app.add_option("--log-level", options.log_level, "trace, debug, info, warn, error or off")
      ->envname("SLUICE_LOG_LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  app.add_option("--log-format", options.log_format, "text, json, or auto: text on a terminal")
      ->envname("SLUICE_LOG_FORMAT")
      ->check(CLI::IsMember({"auto", "text", "json"}))
      ->capture_default_str();
  app.add_option("--plugin-path", options.plugin_path,
                 "Folders with plugins, searched before SLUICE_PLUGIN_PATH and those that came "
                 "with the program")
      ->type_name("FOLDER")
      ->delimiter(':');
  app.add_option("--admin", options.admin,
                 "HOST:PORT of the admin API; port 0 takes a free one. An address that others "
                 "reach needs a token, which SLUICE_ADMIN_TOKEN holds or the file that "
                 "SLUICE_ADMIN_TOKEN_FILE names")
      ->envname("SLUICE_ADMIN")
      ->capture_default_str();
  app.fallthrough();

  const auto registry = [&options] {
    return sluice::PluginRegistry(sluice::PluginRegistry::default_folders(options.plugin_path));
  };

  auto* const run = app.add_subcommand("run", "Run pipelines until SIGTERM or SIGINT");
  run->add_option("paths", options.paths, "Pipeline files, or folders of them")
      ->required()
      ->type_name("FILE|DIR");
  run->callback([&] {
    auto plugins = registry();
    code = sluice::run_pipelines(options.paths, admin_address(options.admin), plugins);
  });

  auto* const validate = app.add_subcommand(
      "validate", "Check pipeline files to the last option; touches no server unless asked");
  validate->add_option("paths", options.paths, "Pipeline files, or folders of them")
      ->required()
      ->type_name("FILE|DIR");
  validate->add_flag("--connect", options.connect,
                     "Also check tables, columns and relations against the source");
  validate->callback([&] {
    auto plugins = registry();
    code = sluice::validate_pipelines(options.paths, options.connect, plugins);
  });

  auto* const explain = app.add_subcommand(
      "explain",
      "Show what a pipeline's document comes to: statements with their cost, routes, tables to "
      "capture with their replica identity, missing indexes, a mapping to start from");
  explain->add_option("file", options.file, "Pipeline file")->required()->type_name("FILE");
  explain->add_flag("--json", options.as_json, "As JSON");
  explain->callback([&] {
    auto found = registry();
    code = sluice::explain_pipeline(options.file, options.as_json, found);
  });

  auto* const verify = app.add_subcommand(
      "verify", "Compare the index with the source, document by document; exit code 0 or 1");
  verify->add_option("file", options.file, "Pipeline file")->required()->type_name("PIPELINE");
  verify->add_flag("--repair", options.repair, "Write the documents that differ, and only these");
  verify->add_flag(
      "--json", options.as_json,
      "The report as JSON, with up to 10,000 of the documents that differ instead of 20");
  verify->callback([&] {
    auto found = registry();
    code = sluice::verify_index(options.file, options.repair, options.as_json, found);
  });

  auto* const plugins = app.add_subcommand("plugins", "Show the plugins and their options");
  plugins->require_subcommand(1);
  plugins->add_subcommand("list", "List the plugins that can be found")->callback([&] {
    auto found = registry();
    code = sluice::list_plugins(found);
  });
  auto* const describe = plugins->add_subcommand("describe", "Show one plugin and its options");
  describe->add_option("name", options.name, "The plugin")->required();
  describe->add_flag("--markdown", options.as_markdown, "Only the options, as a Markdown table");
  describe->callback([&] {
    auto found = registry();
    code = sluice::describe_plugin(options.name, options.as_markdown, found);
  });

  auto* const pipeline_options =
      app.add_subcommand("options", "Show the options of a pipeline file");
  pipeline_options->add_flag("--markdown", options.as_markdown, "As a Markdown table");
  pipeline_options->add_flag("--schema", options.as_schema, "As JSON Schema, for editors");
  pipeline_options->callback(
      [&] { code = sluice::print_options(options.as_schema, options.as_markdown); });

  auto* const mapping =
      app.add_subcommand("mapping", "Print the index settings and mappings of a pipeline as JSON");
  mapping->add_option("file", options.file, "Pipeline file")->required()->type_name("FILE");
  mapping->callback([&] {
    auto found = registry();
    code = sluice::print_mapping(options.file, found);
  });

  auto* const index = app.add_subcommand("index", "Work on a pipeline's index");
  index->require_subcommand(1);
  auto* const init =
      index->add_subcommand("init", "Create the index and its alias, if they are missing");
  init->add_option("file", options.file, "Pipeline file")->required()->type_name("FILE");
  init->callback([&] {
    auto found = registry();
    code = sluice::init_index(options.file, found);
  });

  auto* const job = app.add_subcommand("job", "Work with a pipeline's jobs");
  job->require_subcommand(1);
  auto* const job_run =
      job->add_subcommand("run", "Run a job now, in this process, and wait for it");
  job_run->add_option("file", options.file, "Pipeline file")->required()->type_name("PIPELINE");
  job_run->add_option("job", options.name, "Name of the job in the file")
      ->required()
      ->type_name("JOB");
  job_run->callback([&] {
    auto found = registry();
    code = sluice::run_job(options.file, options.name, found);
  });

  sluice::add_dlq_commands(app, code);

  app.add_subcommand("health", "Ask the host that runs here whether it is ready; exit code 0 or 1")
      ->callback([&] { code = sluice::check_health(admin_address(options.admin)); });

  app.parse_complete_callback(
      [&] { sluice::start_log(log_format(options.log_format), options.log_level); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& e) {
    explain_unknown(app);
    app.exit(e);
    return 2;
  } catch (const CLI::ExtrasError& e) {
    explain_unknown(app);
    app.exit(e);
    return 2;
  } catch (const CLI::ParseError& e) {
    const int status = app.exit(e);
    return status == 0 ? 0 : 2;
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "error: " << e.what() << '\n';
    return 1;
  }
}
