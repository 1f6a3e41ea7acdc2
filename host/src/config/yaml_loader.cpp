#include "config/yaml_loader.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <unordered_map>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "config/text_file.hpp"
#include "config/utf8.hpp"

namespace sluice {

namespace {

constexpr std::size_t kMaxBytes = 4 << 20;
constexpr std::size_t kMaxNodes = 50'000;
constexpr std::size_t kMaxDepth = 64;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // the parser does not count it
constexpr std::string_view kPlainTag = "?";
constexpr std::string_view kQuotedTag = "!";
constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

using Kind = ConfigNode::Kind;

/// The parser counts bytes, and goes on counting at the end; people count characters.
Position position_of(const YAML::Mark& mark, std::string_view source) {
  if (mark.is_null()) return {};
  const auto end = std::min(static_cast<std::size_t>(mark.pos), source.size());
  const int past_end = mark.pos - static_cast<int>(end);
  const auto column = static_cast<std::size_t>(std::max(0, mark.column - past_end));
  if (column > end) return {mark.line + 1, mark.column + 1};
  const auto characters = count_characters(source.substr(end - column, column));
  return {mark.line + 1, static_cast<int>(characters) + 1};
}

/// Builds our tree from the parser's events: its own tree hides duplicate keys and loses positions.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view source, const Environment& environment, ConfigDocument& document)
      : source_(source), environment_(environment), document_(document) {}

  bool has_document() const { return documents_ > 0; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) stop(mark, "a second document; a file holds one");
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    ConfigNode node;
    node.position = position(mark);
    // The parser puts "nothing" where the next thing begins.
    const bool elsewhere = !frames_.empty() && frames_.back().has_key &&
                           frames_.back().key_position.line != node.position.line;
    if (elsewhere) node.position = frames_.back().key_position;
    add(mark, std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    ConfigNode node;
    node.kind = Kind::kScalar;
    node.position = position(mark);
    node.text = value;
    node.is_quoted = tag == kQuotedTag || tag == kStringTag;
    if (!node.is_quoted && tag != kPlainTag) {
      report_tag(node, tag);
    } else if (!expects_key()) {
      interpolate_scalar(mark, node);
    }
    text_bytes_ += node.text.size();
    add(mark, std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(mark, "an alias inside the value that it stands for");
    nodes_ += count_nodes(found->second);
    text_bytes_ += count_text_bytes(found->second);
    add(mark, found->second, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, Kind::kSequence, tag, anchor);
  }

  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, Kind::kMap, tag, anchor);
  }

  void OnMapEnd() override { close(); }

 private:
  /// A sequence or map whose end has not been seen.
  struct Frame {
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    ConfigNode node;
    bool has_key = false;  ///< a map that waits for the value of `key`
    std::string key;
    Position key_position;
    std::unordered_map<std::string, Position> keys;
  };

  bool expects_key() const {
    return !frames_.empty() && frames_.back().node.kind == Kind::kMap && !frames_.back().has_key;
  }

  Position position(const YAML::Mark& mark) const { return position_of(mark, source_); }

  std::string path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.node.kind == Kind::kSequence) {
        path = item_path(path, frame.node.items.size());
      } else if (frame.has_key) {
        path = child_path(path, frame.key);
      }
    }
    return path;
  }

  void report(Position where, const std::string& path, std::string message) {
    document_.problems.push_back(
        {Severity::kError, document_.file, where, path, std::move(message)});
  }

  [[noreturn]] static void stop(const YAML::Mark& mark, const std::string& message) {
    throw YAML::ParserException(mark, message);
  }

  void report_tag(ConfigNode& node, const std::string& tag) {
    report(node.position, path(), "the tag " + in_quotes(tag) + " is not supported; remove it");
    node.kind = Kind::kBroken;
  }

  void interpolate_scalar(const YAML::Mark& mark, ConfigNode& node) {
    if (node.text.find('$') == std::string::npos) return;
    Interpolation result = interpolate(node.text, environment_, document_.base_dir);
    for (const InterpolationError& error : result.errors) {
      report(position_within(mark, node, error.offset), path(), error.message);
    }
    if (!result.errors.empty()) node.kind = Kind::kBroken;
    node.text = std::move(result.text);
    node.is_interpolated = result.substituted;
  }

  /// Where the byte at `offset` of a scalar stands in the file; its start if escapes or line folds
  /// make the text differ from the source.
  Position position_within(const YAML::Mark& mark, const ConfigNode& node,
                           std::size_t offset) const {
    const std::size_t begin = static_cast<std::size_t>(mark.pos) + (node.is_quoted ? 1 : 0);
    const std::string_view before = std::string_view(node.text).substr(0, offset);
    const bool same = begin < source_.size() &&
                      source_.substr(begin, node.text.size()) == node.text &&
                      before.find('\n') == std::string_view::npos;
    if (!same) return node.position;
    const auto shift = (node.is_quoted ? 1 : 0) + static_cast<int>(count_characters(before));
    return {node.position.line, node.position.column + shift};
  }

  void open(const YAML::Mark& mark, Kind kind, const std::string& tag, YAML::anchor_t anchor) {
    if (frames_.size() == kMaxDepth) {
      stop(mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    Frame frame;
    frame.mark = mark;
    frame.anchor = anchor;
    frame.node.kind = kind;
    frame.node.position = position(mark);
    if (!tag.empty() && tag != kPlainTag) {
      report(frame.node.position, path(),
             "the tag " + in_quotes(tag) + " is not supported; remove it");
    }
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.node.kind == Kind::kMap) apply_merge_key(frame.node);
    add(frame.mark, std::move(frame.node), frame.anchor);
  }

  void add(const YAML::Mark& mark, ConfigNode node, YAML::anchor_t anchor) {
    if (++nodes_ > kMaxNodes) {
      stop(mark, "more than " + std::to_string(kMaxNodes) + " values, aliases spelled out");
    }
    if (text_bytes_ > kMaxBytes) {
      stop(mark, "more than 4 MiB of text, aliases and variables spelled out");
    }
    if (anchor != 0) anchors_[anchor] = node;
    if (frames_.empty()) {
      document_.root = std::move(node);
    } else if (frames_.back().node.kind == Kind::kSequence) {
      frames_.back().node.items.push_back(std::move(node));
    } else if (frames_.back().has_key) {
      add_value(std::move(node));
    } else {
      add_key(node);
    }
  }

  void add_key(const ConfigNode& node) {
    Frame& frame = frames_.back();
    if (node.kind != Kind::kScalar) report(node.position, path(), "a key must be plain text");
    frame.key = node.text;
    frame.key_position = node.position;
    frame.has_key = true;
  }

  void add_value(ConfigNode node) {
    Frame& frame = frames_.back();
    const auto [first, is_new] = frame.keys.emplace(frame.key, frame.key_position);
    if (is_new) {
      frame.node.entries.push_back({frame.key, frame.key_position, std::move(node)});
    } else {
      report(frame.key_position, path(),
             "duplicate key " + in_quotes(frame.key) + "; the first is in line " +
                 std::to_string(first->second.line));
    }
    frame.has_key = false;
  }

  /// `<<: *base` or `<<: [*a, *b]`: adds the keys that the map does not have itself.
  void apply_merge_key(ConfigNode& map) {
    const auto merge = std::find_if(map.entries.begin(), map.entries.end(),
                                    [](const auto& entry) { return entry.key == "<<"; });
    if (merge == map.entries.end()) return;
    const ConfigNode value = std::move(merge->value);
    map.entries.erase(merge);
    const bool is_list = value.kind == Kind::kSequence;
    for (const ConfigNode& base : is_list ? value.items : std::vector<ConfigNode>{value}) {
      if (base.kind != Kind::kMap && base.kind != Kind::kBroken) {
        report(base.position, path(), "\"<<\" takes a mapping or a list of mappings");
      }
      for (const ConfigNode::Entry& entry : base.entries) {
        if (map.find(entry.key) == nullptr) map.entries.push_back(entry);
      }
    }
  }

  std::string_view source_;
  const Environment& environment_;
  ConfigDocument& document_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, ConfigNode> anchors_;
  std::size_t nodes_ = 0;
  std::size_t text_bytes_ = 0;
  int documents_ = 0;
};

Position position_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto column = count_characters(before.substr(line_start));
  return {static_cast<int>(line) + 1, static_cast<int>(column) + 1};
}

bool is_forbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x7F || (byte < 0x20 && c != '\t' && c != '\n' && c != '\r');
}

/// Why the parser must not see this text, if so: it would guess at encodings and stop at some bytes
/// without a word.
std::optional<Problem> check_text(std::string_view text, const std::string& file) {
  const auto problem = [&](Position where, std::string message) {
    return Problem{Severity::kError, file, where, "", std::move(message)};
  };
  if (text.size() > kMaxBytes) return problem({}, "larger than 4 MiB");
  const std::size_t invalid = find_invalid_utf8(text);
  if (invalid != std::string_view::npos) {
    return problem(position_at(text, invalid), "not UTF-8 text");
  }
  const auto control = std::find_if(text.begin(), text.end(), is_forbidden);
  if (control != text.end()) {
    const auto offset = static_cast<std::size_t>(control - text.begin());
    return problem(position_at(text, offset), "a control character that YAML does not allow");
  }
  return std::nullopt;
}

std::string_view line_of(std::string_view text, int line) {
  std::size_t begin = 0;
  for (int i = 0; i < line && begin != std::string_view::npos; ++i) {
    begin = text.find('\n', begin);
    if (begin != std::string_view::npos) ++begin;
  }
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find('\n', begin) - begin);
}

/// What to do about the parser's messages.
const std::array<std::pair<std::string_view, const char*>, 10> kRemedies{{
    {YAML::ErrorMsg::END_OF_MAP,
     "check the indentation: the keys of one mapping begin in the same column; and let nothing "
     "follow a quoted value"},
    {YAML::ErrorMsg::END_OF_SEQ,
     "check the indentation: the \"-\" of one list stand in the same column"},
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "close the \"{\" with \"}\", or check the commas in between"},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "close the \"[\" with \"]\", or check the commas in between"},
    {YAML::ErrorMsg::ALIAS_NOT_FOUND, "quote a value that begins with \"*\""},
    {YAML::ErrorMsg::CHAR_IN_ALIAS, "quote a value that begins with \"*\""},
    {YAML::ErrorMsg::ANCHOR_NOT_FOUND, "quote a value that begins with \"&\""},
    {YAML::ErrorMsg::CHAR_IN_ANCHOR, "quote a value that begins with \"&\""},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR, "quote a value that begins with \"*\""},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "quote a value that begins with a special character"},
}};

/// The parser's message with what most often causes it.
std::string explain(const YAML::Exception& error, std::string_view text) {
  const std::string_view line = line_of(text, error.mark.line);
  const std::string_view indent = line.substr(0, line.find_first_not_of(" \t"));
  if (indent.find('\t') != std::string_view::npos) return "a tab in the indentation; use spaces";
  if (error.msg == YAML::ErrorMsg::MAP_VALUE) {
    return "not valid YAML here; check the indentation, and quote a value that holds \": \"";
  }
  if (error.msg.starts_with(YAML::ErrorMsg::INVALID_ESCAPE)) {  // and a byte, of a character maybe
    return "no such escape in a double-quoted value; write \\\\ for a backslash, or quote with '";
  }
  const auto found = std::find_if(kRemedies.begin(), kRemedies.end(),
                                  [&](const auto& remedy) { return error.msg == remedy.first; });
  return error.msg + (found == kRemedies.end() ? "" : std::string("; ") + found->second);
}

}  // namespace

ConfigDocument load_yaml(std::string_view text, const std::string& file,
                         const Environment& environment) {
  ConfigDocument document;
  document.file = file;
  std::error_code error;
  document.base_dir = std::filesystem::absolute(file, error).lexically_normal().parent_path();
  const auto fail = [&document](Problem problem) {
    document.root.kind = Kind::kBroken;
    document.problems.push_back(std::move(problem));
  };
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (auto problem = check_text(text, file)) {
    fail(*std::move(problem));
    return document;
  }
  TreeBuilder builder(text, environment, document);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) continue;
    if (!builder.has_document()) fail({Severity::kError, file, {1, 1}, "", "the file is empty"});
  } catch (const YAML::Exception& e) {
    fail({Severity::kError, file, position_of(e.mark, text), "", explain(e, text)});
  }
  return document;
}

ConfigDocument load_yaml_file(const std::filesystem::path& file, const Environment& environment) {
  if (const auto text = read_text_file(file, kMaxBytes)) {
    return load_yaml(*text, file.string(), environment);
  }
  std::error_code error;
  ConfigDocument document;
  document.file = file.string();
  document.root.kind = Kind::kBroken;
  document.problems.push_back(
      {Severity::kError,
       file.string(),
       {},
       "",
       std::filesystem::exists(file, error) ? "cannot be read" : "no such file"});
  return document;
}

}  // namespace sluice
