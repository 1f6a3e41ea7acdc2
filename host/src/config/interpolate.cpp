#include "config/interpolate.hpp"

#include <algorithm>
#include <cstdlib>

#include "config/problem.hpp"
#include "config/text_file.hpp"
#include "config/utf8.hpp"

namespace sluice {

namespace {

constexpr std::size_t kMaxSecretBytes = 1 << 20;
constexpr std::size_t kMaxTextBytes = 4 << 20;  // as much as a file may have
constexpr std::size_t kMaxErrors = 20;          // in one text; more help nobody
constexpr int kMaxNesting = 8;
constexpr std::string_view kFilePrefix = "file:";
constexpr std::string_view kForms = "${NAME}, ${NAME:-default} or ${file:PATH}";

std::size_t name_length(std::string_view text) {
  const auto is_name = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return 0;
  std::size_t length = 0;
  while (length < text.size() && is_name(static_cast<unsigned char>(text[length]))) ++length;
  return length;
}

/// Offset of the `}` that closes the `${` before `text`, minding `${...}` inside it.
std::size_t find_close(std::string_view text) {
  int open = 1;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '}' && --open == 0) return at;
    if (text.substr(at, 2) == "${") ++open;
  }
  return std::string_view::npos;
}

/// A file's name as a message shows it: on one line.
std::string shown(const std::filesystem::path& path) {
  const std::string name = path.string();
  const bool plain =
      std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20; });
  return plain ? name : in_quotes(name);
}

class Interpolator {
 public:
  Interpolator(const Environment& environment, const std::filesystem::path& base_dir)
      : environment_(environment), base_dir_(base_dir) {}

  std::string expand(std::string_view text, std::size_t offset) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t dollar = std::min(text.find('$', at), text.size());
      out += text.substr(at, dollar - at);
      at = dollar;
      if (text.substr(at, 2) == "$$") {
        out += '$';
        at += 2;
      } else if (text.substr(at, 2) == "${") {
        const std::size_t close = find_close(text.substr(at + 2));
        if (close == std::string_view::npos) {
          fail(offset + at, "\"${\" without its \"}\"; write $$ for a plain $");
          return out;
        }
        out += evaluate(text.substr(at + 2, close), offset + at);
        if (out.size() > kMaxTextBytes) {
          fail(offset + at, "with what is put in, the text is larger than 4 MiB");
          return {};
        }
        at += close + 3;
      } else if (at < text.size()) {
        out += text[at++];
      }
    }
    return out;
  }

  Interpolation finish(std::string text) {
    result_.text = std::move(text);
    return std::move(result_);
  }

 private:
  /// The value of what stands between the braces.
  std::string evaluate(std::string_view body, std::size_t offset) {
    result_.substituted = true;
    if (body.substr(0, kFilePrefix.size()) == kFilePrefix) {
      return read_secret(std::string(body.substr(kFilePrefix.size())), offset);
    }
    const std::size_t length = name_length(body);
    const std::string name(body.substr(0, length));
    const std::string_view rest = body.substr(length);
    const bool has_default = rest.substr(0, 2) == ":-";
    if (length == 0 || (!rest.empty() && !has_default)) {
      fail(offset, "cannot read " + in_quotes("${" + std::string(body) + "}") + "; write " +
                       std::string(kForms));
      return {};
    }
    const auto value = environment_(name);
    if (value && (!value->empty() || !has_default)) return checked(*value, name, offset);
    if (has_default) return expand_default(rest.substr(2), offset + 2 + length + 2);
    fail(offset,
         "environment variable " + name + " is not set; set it or write ${" + name + ":-default}");
    return {};
  }

  std::string expand_default(std::string_view text, std::size_t offset) {
    if (nesting_ == kMaxNesting) {
      fail(offset, "defaults within defaults deeper than " + std::to_string(kMaxNesting));
      return {};
    }
    ++nesting_;
    std::string value = expand(text, offset);
    --nesting_;
    return value;
  }

  std::string read_secret(const std::string& name, std::size_t offset) {
    const std::filesystem::path path = base_dir_ / name;
    const std::optional<std::string> text = read_text_file(path, kMaxSecretBytes);
    if (!text) {
      fail(offset, "cannot read the file " + shown(path));
      return {};
    }
    if (text->size() > kMaxSecretBytes) {
      fail(offset, "the file " + shown(path) + " is larger than 1 MiB");
      return {};
    }
    return checked(without_line_break(*text), shown(path), offset);
  }

  std::string checked(const std::string& value, const std::string& origin, std::size_t offset) {
    if (find_invalid_utf8(value) == std::string_view::npos) return value;
    fail(offset, "the value of " + origin + " is not UTF-8");
    return {};
  }

  void fail(std::size_t offset, std::string message) {
    if (result_.errors.size() < kMaxErrors) result_.errors.push_back({offset, std::move(message)});
  }

  const Environment& environment_;
  const std::filesystem::path& base_dir_;
  Interpolation result_;
  int nesting_ = 0;
};

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

Interpolation interpolate(std::string_view text, const Environment& environment,
                          const std::filesystem::path& base_dir) {
  Interpolator interpolator(environment, base_dir);
  return interpolator.finish(interpolator.expand(text, 0));
}

}  // namespace sluice
