# shellcheck shell=bash
# Compiling, in the repository's folder. Needs lib/common.sh.

# build PRESET [TARGET...] - configures build/PRESET and builds these targets, or the preset's own
build() {
  local preset=$1
  shift
  mkdir -p build
  cmake --preset "$preset" >build/configure.log 2>&1 || {
    log_tail build/configure.log 40
    die "cmake could not configure"
  }
  cmake --build --preset "$preset" ${1:+--target "$@"} || die "the build failed"
}
