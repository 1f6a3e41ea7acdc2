#pragma once

#include <string>

#include "catalog.hpp"
#include "document_tree.hpp"

namespace sluice::denorm {

/// A catalog for tests: articles with a author each, tags by a junction, comments three levels deep
/// in schema talk, with replies; and order lines with a composite key.
///
///   authors(id integer, name text, photo bytea)
///   articles(id bigint, author_id integer -> authors, editor_id integer -> authors, title text,
///            score double precision, published timestamp with time zone)
///   tags(id uuid, label text)
///   article_tags(article_id -> articles, tag_id -> tags, position integer)
///   talk.comments(id bigint, article_id -> articles, parent_id -> talk.comments, body text)
///   talk.reactions(comment_id -> talk.comments, kind text, price numeric)
///   orders(region text, number integer, note text)
///   article_ranks(article_id bigint, rank integer): a view
///   notes(article_id -> articles, text text), without a key
///   order_lines(region, number -> orders, line smallint, item text)
[[nodiscard]] Catalog sample_catalog();

/// The tree of a `document` in JSON, parsed and resolved against the sample catalog.
[[nodiscard]] Node sample_tree(const std::string& document);

}  // namespace sluice::denorm
