// A plugin with one thing wrong, chosen by a macro.
#include <sluice/plugin_abi.h>

#ifdef MISSING_SYMBOL
extern "C" void a_function_that_nobody_defines();
#endif

namespace {

#if defined(NO_ENTRY)
#define ENTRY some_other_symbol
#else
#define ENTRY sluice_plugin_entry
#endif

sluice_status create(uint32_t, const sluice_value*, sluice_context*, void**, sluice_error*) {
  return SLUICE_OK;
}
void destroy(uint32_t, void*) {}
#ifndef MISSING_FUNCTIONS
sluice_status decode(void*, const sluice_record* const*, size_t, sluice_output*, sluice_error*) {
  return SLUICE_OK;
}
constexpr sluice_decoder kDecoder{sizeof(sluice_decoder), decode};
#endif

[[maybe_unused]] sluice_plugin describe() {
  sluice_plugin plugin{};
  plugin.magic = SLUICE_ABI_MAGIC;
  plugin.abi_major = SLUICE_ABI_MAJOR;
  plugin.abi_minor = SLUICE_ABI_MINOR;
  plugin.struct_size = sizeof plugin;
  plugin.name = "broken";
  plugin.version = "1";
  plugin.summary = "";
  plugin.kinds = SLUICE_KIND_DECODER;
  plugin.config_schema = "{}";
  plugin.create = create;
  plugin.destroy = destroy;
#ifndef MISSING_FUNCTIONS
  plugin.decoder = &kDecoder;
#endif
#if defined(BAD_MAGIC)
  plugin.magic = 42;
#elif defined(OLDER_MAJOR)
  plugin.abi_major = SLUICE_ABI_MAJOR - 1;
#elif defined(NEWER_MINOR)
  plugin.abi_minor = SLUICE_ABI_MINOR + 1;
#elif defined(BAD_SCHEMA)
  plugin.config_schema = "{\"type\": ";
#elif defined(UNSOUND_SCHEMA)
  plugin.config_schema = R"({"type": "objekt"})";
#elif defined(NO_NAME)
  plugin.name = nullptr;
#endif
  return plugin;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const sluice_plugin* ENTRY(const sluice_host*) {
#ifdef MISSING_SYMBOL
  a_function_that_nobody_defines();
#endif
#ifdef REFUSES_HOST
  return nullptr;
#else
  static const sluice_plugin plugin = describe();
  return &plugin;
#endif
}
