#include "owned_value.hpp"

#include <gtest/gtest.h>
#include <optional>

#include <sluice/host_side.hpp>
#include <sluice/json.hpp>

namespace sluice::reconcile {
namespace {

using nlohmann::json;

TEST(OwnedValue, OutlivesWhatItWasCopiedFrom) {
  const json original = {{"a", {1, -2.5, "text", nullptr, true, json::array()}},
                         {"o", {{"p", json::object()}}}};
  std::optional<Arena> arena(std::in_place);
  auto source = std::make_unique<sluice_value>(to_value(original, *arena));
  OwnedValue owned(Value(source.get()));
  source.reset();
  arena.reset();
  EXPECT_EQ(to_json(owned.get()), original);
  const OwnedValue moved = std::move(owned);
  EXPECT_EQ(to_json(moved.get()), original);
}

TEST(OwnedValue, IsNullToBeginWith) {
  EXPECT_TRUE(OwnedValue().get().is_null());
  EXPECT_TRUE(OwnedValue(Value()).get().is_null());
}

}  // namespace
}  // namespace sluice::reconcile
