// The published description of the API against what the shipped routes really take.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <stdexcept>
#include <string>
#include <yaml-cpp/yaml.h>

#include "sample_config.hpp"
#include "search_request.hpp"

namespace sluice::search {
namespace {

using nlohmann::json;
using ::testing::UnorderedElementsAreArray;

json to_json(const YAML::Node& node) {
  if (node.IsSequence()) {
    auto array = json::array();
    for (const auto& item : node) array.push_back(to_json(item));
    return array;
  }
  if (node.IsMap()) {
    auto object = json::object();
    for (const auto& member : node) object[member.first.as<std::string>()] = to_json(member.second);
    return object;
  }
  if (node.IsNull()) return nullptr;
  const auto text = node.as<std::string>();
  const bool quoted = node.Tag() == "!";
  if (!quoted && json::accept(text)) return json::parse(text);
  return text;
}

json load(const std::string& path) {
  return to_json(YAML::LoadFile(SLUICE_SOURCE_DIR + path));
}

json search_options(const std::string& pipeline) {
  return load(pipeline).at("services").at("search").at("config");
}

Config shipped_config() {
  auto options = search_options("/pipelines/projects.yaml");
  for (const char* environment : {"address", "port", "opensearch"}) options.erase(environment);
  return read_config(options);
}

std::string openapi_path(const Config& config, const RouteOptions& route) {
  std::string path = config.base_path + route.path;
  const auto colon = path.find(':');
  if (colon == std::string::npos) return path;
  return path.replace(colon, 1, "{") + "}";
}

class OpenApi : public ::testing::Test {
 protected:
  json resolve(const json& node) const {
    return node.contains("$ref")
               ? api_.at(json::json_pointer(node.at("$ref").get<std::string>().substr(1)))
               : node;
  }

  std::map<std::string, json> parameters_of(const RouteOptions& route) const {
    std::map<std::string, json> parameters;
    for (const auto& item :
         api_.at("paths").at(openapi_path(config_, route)).at("get").at("parameters")) {
      const auto parameter = resolve(item);
      parameters[parameter.at("name").get<std::string>()] = parameter;
    }
    return parameters;
  }

  const json api_ = load("/schemas/search-api.openapi.yaml");
  const Config config_ = shipped_config();
};

TEST(ApiTests, RunOnTheRoutesThatAreShipped) {
  EXPECT_EQ(search_options("/integration/api/pipeline.yaml").at("routes"),
            search_options("/pipelines/projects.yaml").at("routes"));
}

TEST_F(OpenApi, DescribesTheRoutesAndHealthAndNothingElse) {
  std::set<std::string> expected = {"/health"};
  for (const auto& route : config_.routes) expected.insert(openapi_path(config_, route));
  std::set<std::string> described;
  for (const auto& [path, item] : api_.at("paths").items()) described.insert(path);
  EXPECT_EQ(described, expected);
}

TEST_F(OpenApi, NamesTheParametersThatEachRouteTakes) {
  for (const auto& route : config_.routes) {
    std::vector<std::string> described;
    for (const auto& [name, parameter] : parameters_of(route)) {
      if (parameter.at("in") == "query") described.push_back(name);
    }
    EXPECT_THAT(described, UnorderedElementsAreArray(parameter_names(route))) << route.path;
  }
}

TEST_F(OpenApi, HasTheLimitsOfEachRoute) {
  for (const auto& route : config_.routes) {
    const auto parameters = parameters_of(route);
    const auto& limit = parameters.at("limit").at("schema");
    EXPECT_EQ(limit.at("minimum"), 1);
    EXPECT_EQ(limit.at("maximum"), route.limits.max_limit);
    EXPECT_EQ(limit.at("default"), route.limits.default_limit) << route.path;
    const auto& offset = parameters.at("offset").at("schema");
    EXPECT_EQ(offset.at("minimum"), 0);
    EXPECT_EQ(offset.at("maximum"), route.limits.max_offset);
  }
}

/// What the service names as allowed when a parameter is wrong.
json allowed_by(const RouteOptions& route, const std::string& parameter) {
  const std::string required = route.kind == RouteKind::kSearch ? "q=a&" : route.parameter + "=a&";
  try {
    read_search_request(route, "1", parse_target("/?" + required + parameter + "=-").parameters);
  } catch (const ParameterError& error) {
    return error.allowed();
  }
  throw std::logic_error(parameter + " takes anything");
}

TEST_F(OpenApi, ListsTheValuesOfEachChoice) {
  int choices = 0;
  for (const auto& route : config_.routes) {
    for (const auto& [name, parameter] : parameters_of(route)) {
      const auto& schema = parameter.at("schema");
      const auto& values = schema.contains("items") ? schema.at("items") : schema;
      if (!values.contains("enum")) continue;
      ++choices;
      EXPECT_THAT(
          values.at("enum").get<std::vector<std::string>>(),
          UnorderedElementsAreArray(allowed_by(route, name).get<std::vector<std::string>>()))
          << name;
    }
  }
  EXPECT_EQ(choices, 6);
}

TEST_F(OpenApi, HasTheDefaultsOfTheSearch) {
  const auto& route = config_.routes.at(0);
  const auto parameters = parameters_of(route);
  EXPECT_EQ(parameters.at("fields").at("schema").at("default"), json(route.default_fields));
  EXPECT_EQ(parameters.at("sort_by").at("schema").at("default"), route.sort.default_by);
  EXPECT_EQ(parameters.at("sort_order").at("schema").at("default"),
            route.sort.descending ? "desc" : "asc");
}

TEST_F(OpenApi, HasTheMostTermsOfTheHashtags) {
  const auto& route = config_.routes.at(2);
  EXPECT_EQ(parameters_of(route).at(route.parameter).at("schema").at("maxItems"), route.max_terms);
}

}  // namespace
}  // namespace sluice::search
