#include "config/interpolate.hpp"

#include <cstdlib>
#include <fstream>
#include <system_error>

#include "config/utf8.hpp"

namespace sluice {

namespace {

constexpr std::size_t kMaxSecretBytes = 1 << 20;
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
      fail(offset, "cannot read \"${" + std::string(body) + "}\"; write " + std::string(kForms));
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
    std::error_code error;
    std::ifstream in;
    if (!std::filesystem::is_directory(path, error)) in.open(path, std::ios::binary);
    if (!in.is_open()) {
      fail(offset, "cannot read the file " + path.string());
      return {};
    }
    std::string text(kMaxSecretBytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMaxSecretBytes) {
      fail(offset, "the file " + path.string() + " is larger than 1 MiB");
      return {};
    }
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return checked(text, path.string(), offset);
  }

  std::string checked(const std::string& value, const std::string& origin, std::size_t offset) {
    if (find_invalid_utf8(value) == std::string_view::npos) return value;
    fail(offset, "the value of " + origin + " is not UTF-8");
    return {};
  }

  void fail(std::size_t offset, std::string message) {
    result_.errors.push_back({offset, std::move(message)});
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
