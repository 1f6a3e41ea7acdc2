#include "document_reader.hpp"

#include <algorithm>
#include <optional>

#include "document_key.hpp"
#include "document_sql.hpp"
#include "sql_text.hpp"

namespace sluice::denorm {
namespace {

constexpr std::size_t kMaxRowsPerStatement = 10000;

Bounds bounds_of(const ScanCursor& cursor) {
  return {cursor.after.has_value(), cursor.upto.has_value()};
}

std::string id_of(const KeyValues& values) {
  return encode_key({values.begin(), values.end()});
}

}  // namespace

KeyValues key_values(const pqxx::row& row, int first, std::size_t count) {
  KeyValues values;
  for (std::size_t i = 0; i < count; ++i) {
    const auto field = row[first + static_cast<int>(i)];
    values.emplace_back(field.c_str(), field.size());
  }
  return values;
}

std::vector<std::string> page_parameters(const ScanCursor& cursor, std::size_t limit) {
  std::vector<std::string> parameters = cursor.after.value_or(KeyValues{});
  if (cursor.upto) parameters.insert(parameters.end(), cursor.upto->begin(), cursor.upto->end());
  parameters.push_back(std::to_string(limit));
  return parameters;
}

void DocumentReader::materialize(std::span<const sluice_key* const> keys) {
  std::vector<Request> requests;
  requests.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string_view id = to_string_view(keys[i]->id);
    requests.push_back({i,
                        id,
                        decode_key(id, plan_.key_types).value_or(KeyValues{}),
                        {keys[i]->tx_ids, keys[i]->tx_id_count}});
  }
  const std::span<const Request> all(requests);
  for (std::size_t i = 0; i < all.size();) {
    const std::size_t count = std::min(rows_per_statement_, all.size() - i);
    adapt(count, [&] { read(all.subspan(i, count)); });
    i += count;
  }
}

// Statements that time out are halved; while they do not, they grow again little by little.
void DocumentReader::adapt(std::size_t rows, const std::function<void()>& read) {
  try {
    read();
    rows_per_statement_ = std::min(kMaxRowsPerStatement, rows_per_statement_ * 17 / 16 + 1);
  } catch (const SqlFailure& failure) {
    if (failure.remedy() == Remedy::kRetry) {
      rows_per_statement_ = std::max<std::size_t>(1, rows / 2);
    }
    throw;
  }
}

// Halves the keys until a row that cannot be read stands alone.
void DocumentReader::read(std::span<const Request> requests) {
  std::vector<std::string> parameters;
  for (std::size_t column = 0; column < plan_.key_size(); ++column) {
    std::vector<std::string_view> values;
    for (const Request& request : requests) {
      if (!request.values.empty()) values.emplace_back(request.values[column]);
    }
    parameters.push_back(array_literal(values));
  }
  try {
    emit(requests, connection_.execute(plan_.materialize_sql, parameters));
  } catch (const SqlFailure& failure) {
    if (failure.remedy() != Remedy::kData) throw;
    if (requests.size() == 1) {
      output_.fail(requests.front().index, requests.front().id, failure.what());
      return;
    }
    read(requests.first(requests.size() / 2));
    read(requests.subspan(requests.size() / 2));
  }
}

void DocumentReader::emit(std::span<const Request> requests, const pqxx::result& rows) {
  std::optional<Snapshot> snapshot;
  // By position among the keys that were asked for, from 1: the row with the document.
  std::vector<std::optional<pqxx::result::size_type>> found(requests.size() + 1);
  for (const pqxx::row& row : rows) {
    if (!row[0].is_null()) {
      snapshot = Snapshot::parse(row[0].c_str());
      check_fingerprint(row[2]);
    } else {
      found.at(row[1].as<std::size_t>()) = static_cast<pqxx::result::size_type>(row.rownumber());
    }
  }
  const std::int64_t version = version_of(*snapshot, epoch_);
  std::size_t position = 0;
  for (const Request& request : requests) {
    const bool asked = !request.values.empty();
    if (asked) ++position;
    if (!visible(request, *snapshot)) continue;
    if (asked && found[position] && !rows[*found[position]][2].is_null()) {
      const auto document = rows[*found[position]][2];
      output_.document(request.index, output_.copy(request.id), version,
                       output_.copy({document.c_str(), document.size()}));
    } else {
      output_.remove(request.index, output_.copy(request.id), version);
    }
  }
}

// A document read with the plan for other columns would lack some, or hold them in another form.
void DocumentReader::check_fingerprint(const pqxx::field& found) const {
  if (found.c_str() != '"' + plan_.fingerprint + '"') throw TablesAltered();
}

bool DocumentReader::visible(const Request& request, const Snapshot& snapshot) {
  bool ahead = false;
  for (const std::int64_t tx_id : request.tx_ids) {
    if (tx_id == 0) continue;
    const auto visibility = snapshot.visibility(static_cast<std::uint64_t>(tx_id));
    if (visibility == Snapshot::Visibility::kInProgress) {
      output_.not_visible(request.index);
      return false;
    }
    ahead = ahead || visibility == Snapshot::Visibility::kAhead;
  }
  if (ahead) output_.ahead(request.index);
  return !ahead;
}

void DocumentReader::scan(const ScanCursor& cursor, std::size_t limit) {
  const std::size_t rows = std::min(limit, rows_per_statement_);
  adapt(rows, [&] { scan_page(cursor, rows); });
}

void DocumentReader::scan_page(const ScanCursor& cursor, std::size_t limit) {
  const std::string sql = scan_sql(plan_.root, plan_.key_types, bounds_of(cursor));
  pqxx::result rows;
  try {
    rows = connection_.execute(sql, page_parameters(cursor, limit));
  } catch (const SqlFailure& failure) {
    if (failure.remedy() != Remedy::kData) throw;
    scan_one_by_one(cursor, limit);
    return;
  }
  const int body = 1 + static_cast<int>(plan_.key_size());
  std::optional<std::int64_t> version;
  std::vector<pqxx::row> documents;
  documents.reserve(rows.size());
  for (const pqxx::row& row : rows) {
    if (row[0].is_null()) {
      documents.push_back(row);
    } else {
      version = version_of(Snapshot::parse(row[0].c_str()), epoch_);
      check_fingerprint(row[body]);
    }
  }
  KeyValues last;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    last = key_values(documents[i], 1, plan_.key_size());
    const auto document = documents[i][body];
    if (document.is_null()) continue;  // the user's sql gives none
    output_.document(i, output_.copy(id_of(last)), *version,
                     output_.copy({document.c_str(), document.size()}));
  }
  next_page(cursor, limit, documents.size(), std::move(last));
}

// A page with a row that cannot be made a document: its keys, then each by itself if need be.
void DocumentReader::scan_one_by_one(const ScanCursor& cursor, std::size_t limit) {
  const std::string sql = scan_keys_sql(plan_.root, plan_.key_types, bounds_of(cursor));
  std::vector<std::string> ids;
  std::vector<KeyValues> keys;
  for (const pqxx::row& row : connection_.execute(sql, page_parameters(cursor, limit))) {
    if (!row[0].is_null()) continue;
    keys.push_back(key_values(row, 1, plan_.key_size()));
    ids.push_back(id_of(keys.back()));
  }
  std::vector<Request> requests;
  for (std::size_t i = 0; i < keys.size(); ++i) requests.push_back({i, ids[i], keys[i], {}});
  if (!requests.empty()) read(requests);
  next_page(cursor, limit, keys.size(), keys.empty() ? KeyValues{} : keys.back());
}

void DocumentReader::next_page(const ScanCursor& cursor, std::size_t limit, std::size_t rows,
                               KeyValues last) {
  if (rows < limit) return;
  output_.next(ScanCursor{std::move(last), cursor.upto}.encode());
}

}  // namespace sluice::denorm
