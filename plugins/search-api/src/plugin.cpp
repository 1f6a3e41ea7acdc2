// The plugin: the search service as the host starts, watches and stops it.
#include <sluice/json.hpp>
#include <sluice/sdk.hpp>

#include "search_service.hpp"

namespace sluice::search {
namespace {

Observer observer_for(const Context& context) {
  return {.warn = [context](std::string_view message) { context.warn(message); },
          .info = [context](std::string_view message) { context.info(message); },
          .answered =
              [context](int status, std::chrono::duration<double> time) {
                context.count("responses_" + std::to_string(status / 100) + "xx_total");
                context.observe("response_seconds", time);
              },
          .key_used =
              [context](std::string_view name) {
                context.count("requests_by_" + std::string(name) + "_total");
              }};
}

class SearchApi : public Service {
 public:
  SearchApi(Value config, const Context& context)
      : service_(read_config(to_json(config)), observer_for(context)) {}

  void start() override { service_.start(); }
  void stop(std::chrono::milliseconds timeout) override { service_.stop(timeout); }
  void health() override {
    if (const auto fault = service_.fault()) throw RetryError(*fault);
  }

 private:
  SearchService service_;
};

}  // namespace
}  // namespace sluice::search

SLUICE_PLUGIN("search-api", "1.0.0", "Serves search over one OpenSearch index by HTTP.",
              sluice::search::config_schema().c_str(), sluice::search::SearchApi)
