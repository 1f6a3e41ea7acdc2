#include "cli/dlq.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <date/date.h>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include <sluice/sdk.hpp>

#include "config/interpolate.hpp"
#include "config/pipeline_config.hpp"
#include "config/problem.hpp"
#include "config/scalar.hpp"
#include "dlq/dead_letter_topic.hpp"
#include "dlq/letter_list.hpp"
#include "dlq/printable.hpp"
#include "dlq/replayer.hpp"

namespace sluice {
namespace {

using std::chrono::milliseconds;

struct Options {
  std::string file;
  std::vector<std::string> ids;
  LetterFilter filter;
  std::string since;
  std::size_t limit = 100;
  bool as_json = false;
  bool raw = false;
  bool all = false;
  bool dry_run = false;
};

struct LetterSource {
  std::string pipeline;
  FlowConfig flow;

  const std::string& topic() const { return flow.errors.dead_letter_topic; }
};

// Plugins have no part in this, so they need not be there.
LetterSource load_source(const std::string& file) {
  auto parsed = parse_pipeline_file(file, process_environment());
  std::cerr << render(parsed.problems);
  if (!parsed.config) throw std::runtime_error("no pipeline can be read from " + file);
  if (!parsed.config->flow) {
    throw std::runtime_error(file +
                             ": this file has no pipeline (source, decode, denormalize, sink)");
  }
  LetterSource source{parsed.config->name, std::move(*parsed.config->flow)};
  if (source.topic().empty()) {
    throw std::runtime_error(file + ": pipeline " + source.pipeline +
                             " has no dead-letter topic: errors.dead_letter_topic is empty, and "
                             "what fails is only logged");
  }
  return source;
}

std::string format_time(std::int64_t since_epoch_ms) {
  return date::format("%FT%TZ", date::sys_time<milliseconds>(milliseconds(since_epoch_ms)));
}

// `2h`: so long ago. Or a time, UTC.
std::int64_t parse_since(const std::string& text) {
  if (const auto ago = parse_duration(text)) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<milliseconds>(now).count() - *ago;
  }
  for (const char* const format : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"}) {
    std::tm time{};
    const char* const end = ::strptime(text.c_str(), format, &time);
    if (end != nullptr && *end == '\0') return std::int64_t{1000} * ::timegm(&time);
  }
  throw CLI::ValidationError("--since", "\"" + text +
                                            "\" is neither a duration (30m, 2h, 7d) nor a time in "
                                            "UTC (2026-01-31 or 2026-01-31T18:00:00Z)");
}

LetterId parse_id(const std::string& text) {
  const auto id = parse_letter_id(text);
  if (!id) {
    throw CLI::ValidationError("letter", "\"" + text + "\" is no PARTITION:OFFSET such as 0:12");
  }
  return *id;
}

LetterFilter filter_of(const Options& options) {
  LetterFilter filter = options.filter;
  if (!options.since.empty()) filter.since_ms = parse_since(options.since);
  return filter;
}

std::string describe(const Letter& letter) {
  const auto& report = letter.report;
  return to_string(letter.id) + '\t' + format_time(letter.timestamp_ms) + '\t' + letter.origin() +
         '\t' + one_line(report.stage) + '\t' + one_line(report.plugin) + '\t' +
         one_line(report.reason);
}

nlohmann::ordered_json to_json(const LetterList::Entry& entry) {
  const auto& [letter, replayed] = entry;
  const auto& report = letter.report;
  return {{"id", to_string(letter.id)}, {"time", format_time(letter.timestamp_ms)},
          {"topic", report.topic},      {"partition", report.partition},
          {"offset", report.offset},    {"stage", report.stage},
          {"plugin", report.plugin},    {"reason", report.reason},
          {"task", report.task},        {"omitted", report.omitted},
          {"replayed", replayed}};
}

int list(const Options& options) {
  const auto filter = filter_of(options);
  const auto source = load_source(options.file);
  const auto list = list_letters(source.flow, source.pipeline, filter, options.limit);
  for (const auto& entry : list.newest) {
    if (options.as_json) {
      std::cout << to_json(entry).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                << '\n';
    } else {
      std::cout << describe(entry.letter) << (entry.replayed ? "\t(replayed)" : "") << '\n';
    }
  }
  std::ostream& last = options.as_json ? std::cerr : std::cout;  // every line there is an object
  last << list.count << " dead letters of pipeline " << source.pipeline << " in " << source.topic();
  if (list.replayed > 0) last << ", " << list.replayed << " of them replayed";
  if (list.newest.size() < static_cast<std::size_t>(list.count)) {
    last << "; the newest " << list.newest.size() << " are shown (--limit)";
  }
  last << '\n';
  return 0;
}

void print_bytes(const char* name, sluice_view bytes, bool omitted) {
  std::cout << name;
  if (omitted) {
    std::cout << ": left out, for the letter was larger than its topic takes\n";
  } else if (bytes.data == nullptr) {
    std::cout << ": none\n";
  } else {
    const auto text = to_string_view(bytes);
    std::cout << " (" << text.size() << " bytes):\n"
              << (is_text(text) ? std::string(text) + '\n' : hex_dump(text));
  }
}

void print_letter(const Letter& letter, const sluice_record& record) {
  const auto is_omitted = [&](std::string_view part) {
    const auto& omitted = letter.report.omitted;
    return std::find(omitted.begin(), omitted.end(), part) != omitted.end();
  };
  std::cout << "dead letter " << to_string(letter.id) << " of " << format_time(letter.timestamp_ms)
            << ", from " << letter.origin() << "\nheaders:\n";
  for (std::size_t i = 0; i < record.header_count; ++i) {
    const auto& [name, value] = record.headers[i];
    std::cout << "  " << one_line(to_string_view(name)) << ": "
              << (value.data == nullptr ? "(none)" : one_line(to_string_view(value))) << '\n';
  }
  if (is_omitted("headers")) std::cout << "  and the record's own, which were left out\n";
  print_bytes("key", record.key, is_omitted("key"));
  print_bytes("value", record.value, is_omitted("value"));
}

int show(const Options& options) {
  const auto id = parse_id(options.ids.at(0));
  const auto source = load_source(options.file);
  const auto letters = dead_letter_source(source.flow);
  RecordRef record;
  for (const auto& [partition, begin, end] : extents_of(letters)) {
    if (partition.partition != id.partition || id.offset < begin || id.offset >= end) continue;
    record = fetch_record(letters, partition, id.offset);
  }
  const auto letter = record ? letter_of(*record, source.pipeline) : std::nullopt;
  if (!letter) {
    throw std::runtime_error("there is no dead letter " + to_string(id) + " of pipeline " +
                             source.pipeline + " in " + source.topic());
  }
  if (!options.raw) {
    print_letter(*letter, *record);
    return 0;
  }
  if (!letter->report.omitted.empty()) {
    throw std::runtime_error(
        "dead letter " + to_string(id) +
        " is without its value, which was larger than its topic takes; it is " + letter->origin());
  }
  std::cout << to_string_view(record->value);
  return 0;
}

LetterSelection selection_of(const Options& options) {
  LetterSelection selection;
  for (const auto& id : options.ids) selection.named.insert(parse_id(id));
  selection.filter = filter_of(options);
  const int ways = (selection.named.empty() ? 0 : 1) + (selection.filter.is_empty() ? 0 : 1) +
                   (options.all ? 1 : 0);
  if (ways != 1) {
    throw CLI::ValidationError(
        "which",
        "name the letters as PARTITION:OFFSET, or say which by --topic, --stage and "
        "--since, or --all; one of these");
  }
  return selection;
}

int replay(const Options& options) {
  const auto selection = selection_of(options);
  const auto source = load_source(options.file);
  Replayer replayer(source.flow, source.pipeline, options.dry_run,
                    [&](const Letter& letter, const std::string& problem) {
                      if (!problem.empty()) {
                        std::cerr << "not replayed: " << to_string(letter.id) << ": " << problem
                                  << '\n';
                      } else if (options.dry_run) {
                        std::cout << describe(letter) << '\n';
                      }
                    });
  const auto tell = [&] {
    const auto& [letters, records, failed] = replayer.result();
    std::cout << (options.dry_run ? "would replay " : "replayed ") << letters << " dead letters as "
              << records << " records";
    if (failed > 0) std::cout << ", could not replay " << failed;
    std::cout << std::endl;
  };
  try {
    replayer.run(selection);
  } catch (const std::exception&) {
    tell();
    throw;
  }
  tell();
  return replayer.result().failed == 0 ? 0 : 1;
}

void add_file(CLI::App& command, Options& options) {
  command.add_option("file", options.file, "Pipeline file")->required()->type_name("PIPELINE");
}

void add_filter(CLI::App& command, Options& options) {
  command.add_option("--topic", options.filter.topic, "Only those of records of this topic")
      ->type_name("TOPIC");
  command
      .add_option("--stage", options.filter.stage,
                  "Only those that failed in this stage: VALUE_CONVERTER (decode), TRANSFORMATION "
                  "(transform, route) or TASK_PUT (read, write)")
      ->check(CLI::IsMember({"VALUE_CONVERTER", "TRANSFORMATION", "TASK_PUT"}))
      ->type_name("STAGE");
  command
      .add_option("--since", options.since,
                  "Only those written so long ago or less (30m, 2h, 7d), or since a time in UTC "
                  "(2026-01-31T18:00:00Z)")
      ->type_name("TIME");
}

}  // namespace

void add_dlq_commands(CLI::App& app, int& code) {
  const auto options = std::make_shared<Options>();
  auto* const dlq = app.add_subcommand(
      "dlq", "Look at a pipeline's dead letters, and send them back to where they came from");
  dlq->require_subcommand(1);

  auto* const lists = dlq->add_subcommand(
      "list",
      "List the newest dead letters: PARTITION:OFFSET, time, record, stage, plugin, reason");
  add_file(*lists, *options);
  add_filter(*lists, *options);
  lists->add_option("--limit", options->limit, "How many, from the newest")->capture_default_str();
  lists->add_flag("--json", options->as_json, "One JSON object a line");
  lists->callback([options, &code] { code = list(*options); });

  auto* const shows = dlq->add_subcommand("show", "Show a dead letter: headers, key and value");
  add_file(*shows, *options);
  shows->add_option("letter", options->ids, "The letter, as `list` names it")
      ->required()
      ->expected(1)
      ->type_name("PARTITION:OFFSET");
  shows->add_flag("--raw", options->raw, "Only the value, byte by byte");
  shows->callback([options, &code] { code = show(*options); });

  auto* const replays = dlq->add_subcommand(
      "replay",
      "Send dead letters back to the topic and partition that they came from, as they were. By "
      "--all or a filter each letter once; those that are named, again");
  add_file(*replays, *options);
  replays->add_option("letters", options->ids, "Letters, as `list` names them")
      ->type_name("PARTITION:OFFSET");
  replays->add_flag("--all", options->all, "All that were not replayed yet");
  add_filter(*replays, *options);
  replays->add_flag("--dry-run", options->dry_run, "Only show which");
  replays->callback([options, &code] { code = replay(*options); });
}

}  // namespace sluice
