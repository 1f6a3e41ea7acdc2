#include "sink_fixture.hpp"

#include <cstdlib>
#include <fstream>

namespace sluice::opensearch::testing {

SinkTest::SinkTest() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sluice-sink-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  directory = pattern;
  std::ofstream(directory / "mapping.json")
      << R"({"settings":{"index":{"refresh_interval":"2s"},"index.number_of_replicas":1},)"
      << R"("mappings":{"dynamic":"strict","properties":{"id":{"type":"long"}}}})";
  config = {{"url", server.url()},
            {"index", "things"},
            {"mapping", (directory / "mapping.json").string()},
            {"request_timeout", 10'000},
            {"max_request_bytes", 1'000'000},
            {"refresh", "false"},
            {"gc_deletes", 3'600'000}};
}

SinkTest::~SinkTest() {
  std::filesystem::remove_all(directory);
}

TestHost::Instance& SinkTest::instance() {
  if (!instance_) instance_.emplace(host_.create(sluice_plugin_entry, SLUICE_KIND_SINK, config));
  return *instance_;
}

WriteResult SinkTest::write(const std::vector<Doc>& documents, std::string_view target) {
  std::vector<sluice_value> bodies(documents.size());
  std::vector<sluice_document> raw(documents.size());
  std::vector<const sluice_document*> pointers;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto& [id, version, body] = documents[i];
    if (body) bodies[i] = make_json(*body);
    raw[i] = {i, to_view(id), version, body ? &bodies[i] : nullptr};
    pointers.push_back(&raw[i]);
  }
  return write(pointers, target);
}

WriteResult SinkTest::write(const std::vector<const sluice_document*>& documents,
                            std::string_view target) {
  sluice_output output;
  const auto [status, error] =
      call(sink().write, to_view(target), documents.data(), documents.size(), &output);
  WriteResult result{status, error, {}, {}};
  for (const auto& [index, outcome, message] : output.outcomes) {
    EXPECT_TRUE(result.outcomes.emplace(index, outcome).second) << "two outcomes for " << index;
    result.reasons[index] = to_string_view(message);
  }
  return result;
}

}  // namespace sluice::opensearch::testing
