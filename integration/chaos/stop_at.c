// Preloaded, this stops a process (SIGSTOP) when it first writes the text STOP_AT to its log. So a job can be killed at a step
// that is over before anybody who reads the log could kill it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_flag has_stopped = ATOMIC_FLAG_INIT;

// What spdlog writes its lines with.
size_t fwrite(const void* data, size_t size, size_t count, FILE* file) {
  size_t (*real)(const void*, size_t, size_t, FILE*);
  *(void**)&real = dlsym(RTLD_NEXT, "fwrite");
  const size_t written = real(data, size, count, file);
  const char* const text = getenv("STOP_AT");
  if (text != NULL && memmem(data, size * count, text, strlen(text)) != NULL && !atomic_flag_test_and_set(&has_stopped)) {
    fflush(file);
    kill(getpid(), SIGSTOP);
  }
  return written;
}
