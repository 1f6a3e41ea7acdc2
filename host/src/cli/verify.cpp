#include "cli/commands.hpp"

namespace sluice {

int verify_index(const std::string& /*file*/, bool /*repair*/, bool /*as_json*/,
                 PluginRegistry& /*registry*/) {
  return 1;
}

}  // namespace sluice
