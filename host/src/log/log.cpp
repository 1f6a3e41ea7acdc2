#include "log/log.hpp"

#include <memory>
#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

namespace sluice {
namespace {

/// spdlog's own patterns do not escape, so a quote in a message would break the line.
class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    time_.format(message, out);
    out.push_back(',');
    append(out, "\"level\":" + quote(to_string(spdlog::level::to_string_view(message.level))));
    append(out, ",\"logger\":" + quote(to_string(message.logger_name)));
    append(out, ",\"thread\":" + std::to_string(message.thread_id));
    append(out, ",\"message\":" + quote(to_string(message.payload)) + "}\n");
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }

 private:
  static std::string to_string(spdlog::string_view_t view) { return {view.data(), view.size()}; }
  static std::string quote(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  static void append(spdlog::memory_buf_t& out, const std::string& text) {
    out.append(text.data(), text.data() + text.size());
  }

  spdlog::pattern_formatter time_{R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ")",
                                  spdlog::pattern_time_type::utc, ""};
};

}  // namespace

void start_log(LogFormat format, const std::string& level) {
  const bool text =
      format == LogFormat::kText || (format == LogFormat::kAuto && isatty(STDERR_FILENO) == 1);
  std::shared_ptr<spdlog::logger> logger;
  if (text) {
    logger = std::make_shared<spdlog::logger>(
        "sluice", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    logger->set_pattern("%H:%M:%S.%e %^%-5l%$ %v");
  } else {
    logger = std::make_shared<spdlog::logger>("sluice",
                                              std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_formatter(std::make_unique<JsonFormatter>());
  }
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace sluice
