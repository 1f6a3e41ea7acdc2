# sluice_add_plugin(NAME SOURCES file... [LIBS target...] [INCLUDES dir...])
#
# Makes
#  - NAME-objects: the sources, for the tests to link, with everything hidden but the entry;
#  - NAME: the plugin, <build>/plugins/NAME.so, exporting sluice_plugin_entry and nothing else.
function(sluice_add_plugin name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;INCLUDES" ${ARGN})

  set(symbols ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  add_library(${name}-objects OBJECT ${ARG_SOURCES})
  target_link_libraries(${name}-objects PUBLIC sluice::sdk ${ARG_LIBS})
  target_include_directories(${name}-objects PUBLIC ${ARG_INCLUDES})
  target_compile_features(${name}-objects PUBLIC cxx_std_20)
  set_target_properties(${name}-objects PROPERTIES
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)

  add_library(${name} MODULE)
  target_link_libraries(${name} PRIVATE ${name}-objects)
  set_target_properties(${name} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins
    LINK_DEPENDS ${symbols})
  target_link_options(${name} PRIVATE -Wl,--version-script=${symbols} -Wl,--exclude-libs,ALL)
  # A sanitizer's runtime is in the executable, so its symbols stay open in a plugin.
  if(NOT SLUICE_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
endfunction()
