// Preloaded, this gives a process a wall clock that is wrong by as many seconds as the file FALSE_CLOCK holds, a 64-bit
// integer, which may change at any time. In a second one it counts how often that clock was asked. Steady clocks stay
// right, and waiting until a time of the wrong clock lasts as long as it would if the whole machine's clock had been set.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

struct shared {
  _Atomic int64_t wrong_by;
  _Atomic int64_t asked;
};

static struct shared* shared;

__attribute__((constructor)) static void open_file(void) {
  const int file = open(getenv("FALSE_CLOCK"), O_RDWR);
  void* const memory = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) abort();
  close(file);
  shared = memory;
}

static int64_t offset(void) { return shared ? shared->wrong_by : 0; }

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    now->tv_sec += offset();
    if (shared) ++shared->asked;
  }
  return result;
}

int timespec_get(struct timespec* now, int base) {
  return clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

int gettimeofday(struct timeval* now, void* zone) {
  (void)zone;
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* to) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (to) *to = now.tv_sec;
  return now.tv_sec;
}

static struct timespec truly(const struct timespec* until) {
  struct timespec time = *until;
  time.tv_sec -= offset();
  if (time.tv_sec < 0) time.tv_sec = 0;
  return time;
}

static void* real(const char* name) { return dlsym(RTLD_NEXT, name); }

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const struct timespec* until) {
  static int (*wait)(pthread_cond_t*, pthread_mutex_t*, const struct timespec*);
  if (!wait) wait = real("pthread_cond_timedwait");
  const struct timespec time = truly(until);
  return wait(condition, mutex, &time);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const struct timespec* until) {
  static int (*wait)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const struct timespec*);
  if (!wait) wait = real("pthread_cond_clockwait");
  const struct timespec time = clock == CLOCK_REALTIME ? truly(until) : *until;
  return wait(condition, mutex, clock, &time);
}

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const struct timespec* until) {
  static int (*wait)(cnd_t*, mtx_t*, const struct timespec*);
  if (!wait) wait = real("cnd_timedwait");
  const struct timespec time = truly(until);
  return wait(condition, mutex, &time);
}
