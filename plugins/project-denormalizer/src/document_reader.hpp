#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include <sluice/sdk.hpp>

#include "connection.hpp"
#include "cursors.hpp"
#include "plan.hpp"
#include "snapshot.hpp"

namespace sluice::denorm {

/// Reads documents, each with the version of the statement that read it. Throws SqlFailure for
/// what is wrong with the server or the statement; a row that cannot be made a document fails
/// alone.
class DocumentReader {
 public:
  /// `rows_per_statement` may be lowered by the reader: it is halved when a statement takes too
  /// long, and grows again after.
  DocumentReader(const Plan& plan, Connection& connection, std::int64_t version_epoch,
                 std::size_t& rows_per_statement, DocumentOutput& output)
      : plan_(plan),
        connection_(connection),
        epoch_(version_epoch),
        rows_per_statement_(rows_per_statement),
        output_(output) {}

  /// One document or outcome for each key.
  void materialize(std::span<const sluice_key* const> keys);

  /// A page of documents, at most `limit`, and the cursor of the next if there is one.
  void scan(const ScanCursor& cursor, std::size_t limit);

 private:
  struct Request {
    std::size_t index;
    std::string_view id;
    KeyValues values;  // empty: no row can have this key
    std::span<const std::int64_t> tx_ids;
  };

  void adapt(std::size_t rows, const std::function<void()>& read);
  void read(std::span<const Request> requests);
  void emit(std::span<const Request> requests, const pqxx::result& rows);
  void check_fingerprint(const pqxx::field& found) const;
  bool visible(const Request& request, const Snapshot& snapshot);
  void scan_page(const ScanCursor& cursor, std::size_t limit);
  void scan_one_by_one(const ScanCursor& cursor, std::size_t limit);
  void next_page(const ScanCursor& cursor, std::size_t limit, std::size_t rows, KeyValues last);

  const Plan& plan_;
  Connection& connection_;
  std::int64_t epoch_;
  std::size_t& rows_per_statement_;
  DocumentOutput& output_;
};

/// A statement's parameters for a page in key order.
[[nodiscard]] std::vector<std::string> page_parameters(const ScanCursor& cursor, std::size_t limit);

/// The key's columns of a row, from column `first` on.
[[nodiscard]] KeyValues key_values(const pqxx::row& row, int first, std::size_t count);

}  // namespace sluice::denorm
