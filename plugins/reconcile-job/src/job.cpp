// The plugin: rebuilds a pipeline's index beside the one in use, then swaps; or verifies it.
#include <sluice/sdk.hpp>

#include "options.hpp"
#include "rebuild.hpp"
#include "verify_run.hpp"

namespace sluice::reconcile {

namespace {

class ReconcileJob : public Job {
 public:
  ReconcileJob(Value config, Context context) : options_(read_options(config)), context_(context) {}

  Value run(JobHost& host) override {
    summary_ = options_.action == Action::kVerify
                   ? verify(host, options_.repair, context_)
                   : Rebuild(host, options_, context_, std::chrono::system_clock::now).run();
    return summary_.get();
  }

 private:
  Options options_;
  Context context_;
  OwnedValue summary_;
};

}  // namespace

}  // namespace sluice::reconcile

SLUICE_PLUGIN_SCHEDULED(
    "reconcile-job", "1.0.0",
    "Rebuilds the pipeline's index beside the one in use, then swaps; or verifies it",
    sluice::reconcile::config_schema(), "0 3 * * *", sluice::reconcile::ReconcileJob)
