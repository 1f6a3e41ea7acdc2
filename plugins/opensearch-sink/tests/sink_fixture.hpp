// A sink instance, driven across the plugin boundary, that talks to a FakeOpenSearch.
#pragma once

#include <filesystem>
#include <gmock/gmock.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/testkit.hpp>

#include "fake_opensearch.hpp"

namespace sluice::opensearch::testing {

/// A document to write; without body, a deletion.
struct Doc {
  std::string id;
  std::int64_t version = 1;
  std::optional<std::string> body = "{}";
};

struct WriteResult {
  sluice_status status = SLUICE_OK;
  std::string error;
  std::map<std::size_t, sluice_outcome> outcomes;
  std::map<std::size_t, std::string> reasons;
};

struct CallResult {
  sluice_status status = SLUICE_OK;
  std::string error;
};

class SinkTest : public ::testing::Test {
 protected:
  SinkTest();
  ~SinkTest() override;

  /// The instance; made at first use, with `config` as it is then.
  TestHost::Instance& instance();
  const sluice_sink& sink() { return *instance().plugin().sink; }

  WriteResult write(const std::vector<Doc>& documents, std::string_view target = "");
  WriteResult write(const std::vector<const sluice_document*>& documents, std::string_view target);

  /// Calls a function that takes what is given and an error.
  template <typename Function, typename... Arguments>
  CallResult call(Function function, Arguments... arguments) {
    instance().error().message.clear();
    const auto status = function(instance().self(), arguments..., &instance().error());
    return {status, instance().error().message};
  }

  FakeOpenSearch server;
  nlohmann::json config;
  std::filesystem::path directory;

 private:
  TestHost host_;
  std::optional<TestHost::Instance> instance_;
};

}  // namespace sluice::opensearch::testing
