#include "bulk_writer.hpp"

#include <algorithm>
#include <stdexcept>

#include "bulk_response.hpp"
#include "refusal.hpp"

namespace sluice::opensearch {
namespace {

using std::chrono::steady_clock;

// A rebuild closes the index in use for the moment of its swap. One that died in it must not stop
// the pipeline.
constexpr std::chrono::seconds kFencePatience{30};

bool is_closed_for_writes(std::string_view reason) {
  return reason.find("FORBIDDEN/8/") != std::string_view::npos;
}

/// Whether the whole request was refused for what is in it. A 400 that is not worded by OpenSearch
/// comes from something in between, and would be the same for every document.
bool blames_documents(const Response& response) {
  return response.status == 413 || (response.status == 400 && !error_type(response).empty());
}

}  // namespace

void BulkWriter::write(std::string_view target, std::span<const sluice_document* const> documents,
                       OutcomeOutput& output) {
  // Documents grow old while they wait here, and index.gc_deletes must outlast the oldest: what
  // could not be sent in this time is read again instead.
  const auto now = steady_clock::now();
  Call call{target,
            output,
            now + config_.connection.request_timeout,
            refresh_.choose(documents.size(), target.empty(), now),
            {},
            {}};
  const auto items = [&] { return call.body.items().size(); };
  for (const auto* document : documents) {
    try {
      call.body.add(*document);
    } catch (const std::invalid_argument& error) {
      output.fail(document->index, error.what());
      continue;
    }
    if (call.body.bytes() > config_.max_request_bytes && items() > 1) {
      const auto full = items() - 1;
      send(call, 0, full);
      call.body.drop_front(full);
    }
  }
  if (items() > 0) send(call, 0, items());
}

void BulkWriter::send(Call& call, std::size_t first, std::size_t count) {
  if (!call.destination) call.destination = destination_of(call.target);
  if (steady_clock::now() > call.deadline) {
    throw RetryError("OpenSearch is slow: documents that were not sent in time are read again");
  }
  const auto items = call.body.items().subspan(first, count);
  const auto text = call.body.text(first, count);
  const auto start = steady_clock::now();
  refresh_.asked(call.refresh, start);
  const Response response = rest_.send(Method::kPost, path(*call.destination, call.refresh), text,
                                       "application/x-ndjson");
  refresh_.answered(call.refresh, steady_clock::now());
  context_.observe("bulk_request_seconds", steady_clock::now() - start);
  context_.count("bulk_requests_total");
  context_.count("bulk_bytes_total", static_cast<double>(text.size()));

  if (response.ok()) return emit(call, response.body, items);
  if (!blames_documents(response)) throw_refusal(response, "write");
  // Halving finds the documents that make the request too large or faulty.
  if (count == 1) return call.output.fail(items.front().index, describe_refusal(response));
  send(call, first, count / 2);
  send(call, first + count / 2, count - count / 2);
}

void BulkWriter::emit(Call& call, std::string_view answer, std::span<const BulkItem> items) {
  std::vector<ItemOutcome> outcomes;
  try {
    outcomes = parse_bulk_response(answer, items);
  } catch (const GarbledResponse& error) {
    throw RetryError(error.what());
  }
  bool is_fenced = false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& [outcome, reason] = outcomes[i];
    switch (outcome) {
      case Outcome::kDone:
        fenced_since_.reset();
        call.output.done(items[i].index);
        break;
      case Outcome::kSuperseded:
        call.output.superseded(items[i].index);
        break;
      case Outcome::kRetry:
        is_fenced = is_fenced || is_closed_for_writes(reason);
        call.output.retry(items[i].index, reason);
        break;
      case Outcome::kError:
        call.output.fail(items[i].index, reason);
        break;
    }
  }
  if (is_fenced && call.target.empty()) meet_fence();
}

void BulkWriter::meet_fence() {
  const auto now = steady_clock::now();
  if (!fenced_since_) fenced_since_ = now;
  if (now - *fenced_since_ <= kFencePatience) return;
  fenced_since_ = now;
  for (const auto& name : targets_.fenced()) {
    context_.warn(name + " was left closed for writes by a rebuild that has ended; it is opened");
    targets_.unfence(name);
  }
}

// By the index's own name: a write that comes late, past a swap, must arrive in the index that it
// was sent to, which knows of a delete since. A rebuilt one has never had the document.
BulkWriter::Destination BulkWriter::destination_of(std::string_view target) {
  if (!target.empty()) return {std::string(target)};
  const Binding binding = targets_.binding();
  if (binding.indices.empty()) {
    throw RetryError("there is no index behind '" + config_.index +
                     "': create it with `sluice index init` or a rebuild");
  }
  if (binding.indices.size() == 1) return {binding.indices.front()};
  return {config_.index, true};  // OpenSearch knows which of them is for writes
}

std::string BulkWriter::path(const Destination& destination, std::string_view refresh) const {
  // Where a shard is away, its documents alone are refused, but only after this time: the answer
  // must come before the request is given up, and with it all other documents.
  const auto wait = config_.connection.request_timeout / 2;
  return "/" + percent_encode(destination.name) + "/_bulk?timeout=" + std::to_string(wait.count()) +
         "ms&require_alias=" + (destination.is_alias ? "true" : "false") +
         "&refresh=" + std::string(refresh) + "&filter_path=" + std::string(kBulkFilterPath);
}

}  // namespace sluice::opensearch
