// The layout that plugins were compiled against: a change here breaks every plugin in the field.
#include <cstddef>
#include <gtest/gtest.h>

#include <sluice/plugin_abi.h>

namespace {

TEST(Abi, LayoutIsFixed) {
  EXPECT_EQ(sizeof(sluice_view), 16U);
  EXPECT_EQ(sizeof(sluice_value), 24U);
  EXPECT_EQ(sizeof(sluice_field), 40U);
  EXPECT_EQ(offsetof(sluice_record, headers), 72U);
  EXPECT_EQ(offsetof(sluice_change, tx_id), 72U);
  EXPECT_EQ(offsetof(sluice_key, urgent), 40U);
  EXPECT_EQ(offsetof(sluice_document, body), 32U);
  EXPECT_EQ(offsetof(sluice_plugin, create), 64U);
  EXPECT_EQ(offsetof(sluice_host, allocate), 64U);
}

TEST(Abi, DescriptorBeginsWithWhatTheVersionCheckReads) {
  EXPECT_EQ(offsetof(sluice_plugin, magic), 0U);
  EXPECT_EQ(offsetof(sluice_plugin, abi_major), 8U);
  EXPECT_EQ(offsetof(sluice_plugin, abi_minor), 10U);
  EXPECT_EQ(offsetof(sluice_plugin, struct_size), 12U);
}

}  // namespace
