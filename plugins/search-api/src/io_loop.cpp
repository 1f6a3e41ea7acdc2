#include "io_loop.hpp"

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <pthread.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utility>

namespace sluice::search {
namespace {

using Pistache::Polling::NotifyOn;
using Pistache::Polling::Tag;

// Pistache uses descriptors as tags for its own.
constexpr std::uint64_t kWakeTag = std::uint64_t{1} << 32;
constexpr std::uint64_t kTimerTag = kWakeTag + 1;
constexpr std::uint64_t kFirstKey = kWakeTag + 2;

thread_local const IoLoop* running_here = nullptr;

int checked(int descriptor, const char* what) {
  if (descriptor < 0) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
  return descriptor;
}

int start_timer(std::chrono::milliseconds period) {
  const int timer = checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timer");
  itimerspec times{};
  times.it_interval.tv_sec = period.count() / 1000;
  times.it_interval.tv_nsec = (period.count() % 1000) * 1'000'000;
  times.it_value = times.it_interval;
  ::timerfd_settime(timer, 0, &times, nullptr);
  return timer;
}

void reset(int counter) {
  std::uint64_t count = 0;
  static_cast<void>(::read(counter, &count, sizeof count));
}

/// An exception on the loop's thread would end the process; the socket it was about runs into its
/// time limit.
template <typename Function>
void guarded(const Function& function) {
  try {
    function();
  } catch (...) {
  }
}

}  // namespace

class IoLoop::Handler : public Pistache::Aio::Handler {
  PROTOTYPE_OF(Pistache::Aio::Handler, Handler)

 public:
  explicit Handler(IoLoop& loop) : loop_(loop) {}

  void registerPoller(Pistache::Polling::Epoll&) override {}
  void onReady(const Pistache::Aio::FdSet& ready) override { loop_.dispatch(ready); }

 private:
  IoLoop& loop_;
};

IoLoop::IoLoop(std::chrono::milliseconds tick, Task on_tick)
    : on_tick_(std::move(on_tick)),
      next_key_(kFirstKey),
      handler_(std::make_shared<Handler>(*this)),
      reactor_(Pistache::Aio::Reactor::create()) {
  reactor_->init();
  reactor_->addHandler(handler_);
  wake_fd_ = checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
  timer_fd_ = start_timer(tick);
  reactor_->registerFd(handler_->key(), wake_fd_, NotifyOn::Read, Tag(kWakeTag));
  reactor_->registerFd(handler_->key(), timer_fd_, NotifyOn::Read, Tag(kTimerTag));
  thread_ = std::thread([this] {
    running_here = this;
    reactor_->run();
  });
  ::pthread_setname_np(thread_.native_handle(), "search-io");
}

IoLoop::~IoLoop() {
  end();
  ::close(wake_fd_);
  ::close(timer_fd_);
}

void IoLoop::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return;  // whoever posted the first has woken it
  }
  wake();
}

void IoLoop::call(const Task& task) {
  std::mutex mutex;
  std::condition_variable done;
  bool is_done = false;
  std::exception_ptr thrown;
  post([&] {
    try {
      task();
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    is_done = true;
    done.notify_one();
  });
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return is_done; });
  if (thrown) std::rethrow_exception(thrown);
}

void IoLoop::end() {
  if (!thread_.joinable()) return;
  reactor_->shutdown();
  thread_.join();
  std::deque<Task> left;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    left.swap(tasks_);
  }
  // What they hold may post on its way out, so not under the lock.
  left.clear();
  watched_.clear();
}

bool IoLoop::on_its_thread() const {
  return running_here == this;
}

IoLoop::Key IoLoop::watch(int socket, std::shared_ptr<Watched> watched) {
  const Key key = next_key_++;
  reactor_->registerFd(handler_->key(), socket, NotifyOn::Read | NotifyOn::Shutdown, Tag(key));
  watched_.emplace(key, std::move(watched));
  return key;
}

void IoLoop::change(Key key, int socket, bool input, bool output) {
  auto interest = NotifyOn::Shutdown;
  if (input) interest = interest | NotifyOn::Read;
  if (output) interest = interest | NotifyOn::Write;
  reactor_->modifyFd(handler_->key(), socket, interest, Tag(key));
}

void IoLoop::unwatch(Key key, int socket) {
  if (watched_.erase(key) > 0) reactor_->removeFd(handler_->key(), socket);
}

void IoLoop::dispatch(const Pistache::Aio::FdSet& ready) {
  for (const auto& entry : ready) {
    const Key key = entry.getTag().value();
    if (key == kWakeTag) {
      reset(wake_fd_);
      run_tasks();
    } else if (key == kTimerTag) {
      reset(timer_fd_);
      guarded(on_tick_);
    } else if (const auto found = watched_.find(key); found != watched_.end()) {
      const auto watched =
          found->second;  // stays while it is called, even if it is unwatched there
      guarded(
          [&] { watched->on_ready({.input = entry.isReadable(), .output = entry.isWritable()}); });
    }
  }
}

/// Only those that are there by now: one that posts itself again must not keep sockets waiting.
void IoLoop::run_tasks() {
  std::deque<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) guarded(task);
}

void IoLoop::wake() const {
  static_cast<void>(::eventfd_write(wake_fd_, 1));
}

}  // namespace sluice::search
