#include "verify_run.hpp"

#include <string>

#include "skipped_run.hpp"

namespace sluice::reconcile {
namespace {

std::string describe(Value report) {
  std::string text;
  for (const auto* const figure :
       {"missing", "extra", "differing", "unreadable", "repaired", "compared"}) {
    if (!report.has(figure)) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(report[figure].as_int64()) + ' ' + figure;
  }
  const char* separator = ": ";
  for (const auto& item : report["examples"].as_array()) {
    const Value example(item);
    text += separator;
    text += std::string(example["problem"].as_string()) + ' ';
    text += example["id"].as_string();
    if (example.has("detail")) text += " (" + std::string(example["detail"].as_string()) + ')';
    separator = ", ";
  }
  return text;
}

std::int64_t drift_left(Value report) {
  const auto figure = [&](const char* name) {
    return report.has(name) ? report[name].as_int64() : 0;
  };
  return figure("missing") + figure("extra") + figure("differing") + figure("unreadable") -
         figure("repaired");
}

void show(Value report, const Context& context) {
  for (const auto* const figure :
       {"compared", "missing", "extra", "differing", "unreadable", "repaired"}) {
    if (!report.has(figure)) continue;
    context.gauge(std::string("verify_") + figure + "_documents",
                  static_cast<double>(report[figure].as_int64()));
  }
}

}  // namespace

OwnedValue verify(JobHost& host, bool repair, const Context& context) {
  if (!host.lock("verify")) return skipped_run(context);
  OwnedValue report(host.verify("", repair));
  show(report.get(), context);
  if (drift_left(report.get()) > 0) {
    throw FatalError("the index differs from the source: " + describe(report.get()));
  }
  return report;
}

}  // namespace sluice::reconcile
