#include "config/topic_pattern.hpp"

#include <regex>

namespace sluice {

bool names_topic(const std::string& entry, const std::string& topic) {
  if (entry == topic) return true;
  return entry.front() == '^' && std::regex_search(topic, std::regex(entry, std::regex::extended));
}

}  // namespace sluice
