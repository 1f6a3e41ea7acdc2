#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/interpolate.hpp"
#include "config/json.hpp"
#include "config/validator.hpp"
#include "config/yaml_loader.hpp"

namespace sluice::test {

using Variables = std::map<std::string, std::string>;

inline Environment environment(Variables variables = {}) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

inline std::vector<std::string> render_each(const Problems& problems) {
  std::vector<std::string> lines;
  for (const Problem& problem : problems) lines.push_back(render(problem));
  return lines;
}

/// Loads and validates `yaml` as the file /etc/sluice/f.yaml.
inline Validated check(const std::string& yaml, const Json& schema, Variables variables = {}) {
  ConfigDocument document =
      load_yaml(yaml, "/etc/sluice/f.yaml", environment(std::move(variables)));
  document.file = "f.yaml";
  Validated result = validate(document.root, schema, {"f.yaml", document.base_dir, ""});
  result.problems.insert(result.problems.begin(), document.problems.begin(),
                         document.problems.end());
  return result;
}

inline std::vector<std::string> problems(const std::string& yaml, const Json& schema,
                                         Variables variables = {}) {
  return render_each(check(yaml, schema, std::move(variables)).problems);
}

}  // namespace sluice::test
