#include "readable_sql.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace sluice::denorm {
namespace {

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c < 0;
}

// The end of what is quoted by text[at] ('…', "…"), which doubles the quote to have one inside; in
// E'…' a backslash does, too.
std::size_t end_of_quoted(std::string_view text, std::size_t at, bool backslashes) {
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (backslashes && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (at + 1 == text.size() || text[at + 1] != quote) return at + 1;
      ++at;
    }
  }
  return text.size();
}

std::size_t after(std::string_view text, std::string_view what, std::size_t from) {
  const auto found = text.find(what, from);
  return found == std::string_view::npos ? text.size() : found + what.size();
}

// The end of $tag$…$tag$; `at` itself if it begins a parameter or nothing quoted.
std::size_t end_of_dollar_quoted(std::string_view text, std::size_t at) {
  std::size_t tag = at + 1;
  while (tag < text.size() && is_word_character(text[tag]) && text[tag] != '$') ++tag;
  const bool parameter =
      at + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[at + 1])) != 0;
  if (parameter || tag == text.size() || text[tag] != '$') return at;
  return after(text, text.substr(at, tag + 1 - at), tag + 1);
}

std::size_t end_of_word(std::string_view text, std::size_t at) {
  while (at < text.size() && is_word_character(text[at])) ++at;
  return at;
}

// Tokens, with comments but without white space.
std::vector<std::string_view> tokens_of(std::string_view text) {
  std::vector<std::string_view> tokens;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    if (c == '\'' || c == '"') {
      end = end_of_quoted(text, at, false);
    } else if ((c == 'E' || c == 'e') && at + 1 < text.size() && text[at + 1] == '\'') {
      end = end_of_quoted(text, at + 1, true);
    } else if (text.substr(at, 2) == "--") {
      end = after(text, "\n", at);
    } else if (text.substr(at, 2) == "/*") {
      end = after(text, "*/", at + 2);
    } else if (c == '$' && end_of_dollar_quoted(text, at) > at) {
      end = end_of_dollar_quoted(text, at);
    } else if (is_word_character(c)) {
      end = end_of_word(text, at);
    } else if (std::string_view("(),;.").find(c) == std::string_view::npos) {
      while (end < text.size() &&
             std::string_view("+-*/<>=~!@#%^&|`?:").find(text[end]) != std::string_view::npos) {
        ++end;
      }
    }
    tokens.push_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

bool is_word(std::string_view token, std::string_view word) {
  return std::equal(token.begin(), token.end(), word.begin(), word.end(), [](char a, char b) {
    return std::toupper(static_cast<unsigned char>(a)) == b;
  });
}

class Writer {
 public:
  explicit Writer(std::string_view sql) : sql_(sql), tokens_(tokens_of(sql)) {}

  std::string write() {
    for (at_ = 0; at_ < tokens_.size(); ++at_) write_token(tokens_[at_]);
    return std::move(out_);
  }

 private:
  // What a parenthesis has opened: a statement, which is broken into lines, or anything else.
  struct Level {
    bool statement;
    bool in_list;       // between SELECT and FROM
    std::size_t depth;  // how far its lines are indented
  };

  bool next_is(std::size_t offset, std::string_view word) const {
    return at_ + offset < tokens_.size() && is_word(tokens_[at_ + offset], word);
  }

  bool begins_clause() const {
    static constexpr std::array kWords = {"SELECT", "FROM",  "WHERE",  "LIMIT", "UNION",
                                          "HAVING", "CROSS", "OFFSET", "WITH"};
    if (next_is(0, "WITH")) return !next_is(1, "ORDINALITY");
    if (next_is(0, "ORDER") || next_is(0, "GROUP")) return next_is(1, "BY");
    if (next_is(0, "LEFT") || next_is(0, "INNER")) return !next_is(1, "(");
    if (next_is(0, "JOIN")) {
      static constexpr std::array kKinds = {"CROSS", "LEFT", "INNER", "OUTER", "RIGHT", "FULL"};
      return at_ == 0 || std::none_of(kKinds.begin(), kKinds.end(), [&](const char* kind) {
               return is_word(tokens_[at_ - 1], kind);
             });
    }
    return std::any_of(kWords.begin(), kWords.end(), [&](const char* w) { return next_is(0, w); });
  }

  void write_token(std::string_view token) {
    if (token == "(") {
      open();
    } else if (token == ")") {
      close();
    } else {
      Level& level = levels_.back();
      if (level.statement && begins_clause()) {
        if (at_ > 0) break_line();
        level.in_list = is_word(token, "SELECT");
      }
      append(token);
      if (token == "," && level.statement && level.in_list) {
        break_line();
        out_ += "  ";
      }
      if (token.substr(0, 2) == "--") break_line();
    }
  }

  void open() {
    const bool statement = next_is(1, "SELECT") || next_is(1, "WITH");
    append(tokens_[at_]);
    const Level outer = levels_.back();
    if (statement) {
      levels_.push_back({true, false, outer.depth + (outer.in_list ? 2 : 1)});
      break_line();
    } else {
      levels_.push_back({false, outer.in_list, outer.depth});
    }
  }

  void close() {
    const bool statement = levels_.back().statement;
    if (levels_.size() > 1) levels_.pop_back();
    if (statement) {
      break_line();
      if (levels_.back().in_list) out_ += "  ";
    }
    append(tokens_[at_]);
  }

  // A space stands where there was one, unless a line begins.
  void append(std::string_view token) {
    const bool begins = out_.empty() || out_.back() == '\n' || out_.back() == ' ';
    const auto offset = static_cast<std::size_t>(token.data() - sql_.data());
    const bool spaced =
        offset > 0 && std::isspace(static_cast<unsigned char>(sql_[offset - 1])) != 0;
    if (spaced && !begins) out_ += ' ';
    out_ += token;
  }

  void break_line() {
    while (!out_.empty() && out_.back() == ' ') out_.pop_back();
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
    out_ += std::string(levels_.back().depth * 2, ' ');
  }

  std::string_view sql_;
  std::vector<std::string_view> tokens_;
  std::vector<Level> levels_{{true, false, 0}};
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string readable_sql(std::string_view sql) {
  return Writer(sql).write();
}

}  // namespace sluice::denorm
