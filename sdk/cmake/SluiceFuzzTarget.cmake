# sluice_add_fuzz_target(NAME [SOURCES file...] [LIBS target...] [INCLUDES dir...])
#
# Makes <build>/fuzz/NAME, a libFuzzer program. Its source is tests/fuzz/NAME_fuzz.cpp, its corpus
# tests/fuzz/corpus/NAME, its dictionary, if there is one, tests/fuzz/NAME.dict: there
# scripts/fuzz.sh looks for them.
if(NOT SLUICE_FUZZ)
  return()
endif()
if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
  message(FATAL_ERROR "SLUICE_FUZZ needs clang: cmake --preset fuzz")
endif()

add_compile_options(-fsanitize=fuzzer-no-link)
add_custom_target(fuzz-targets)

function(sluice_add_fuzz_target name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;INCLUDES" ${ARGN})
  set(target fuzz-${name})
  add_executable(${target} tests/fuzz/${name}_fuzz.cpp ${ARG_SOURCES})
  target_include_directories(${target} PRIVATE ${ARG_INCLUDES})
  target_link_libraries(${target} PRIVATE ${ARG_LIBS})
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  add_dependencies(fuzz-targets ${target})
endfunction()
