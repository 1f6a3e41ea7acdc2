// A thread that waits for sockets.
//
// Pistache's reactor does the waiting. Its Tcp::Listener and Tcp::Transport above that are not
// used: the listener spins while the process is out of descriptors, and the transport reads from a
// client until it pauses, so that one that never does starves all others, and whatever is not
// consumed at once piles up.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <pistache/reactor.h>
#include <thread>
#include <unordered_map>

namespace sluice::search {

class IoLoop {
 public:
  /// What a socket is ready for. Neither: the other side has ended, or the connection is broken.
  struct Ready {
    bool input = false;
    bool output = false;
  };

  class Watched {
   public:
    virtual ~Watched() = default;
    /// Called again as long as it holds and is asked for.
    virtual void on_ready(Ready ready) = 0;
  };

  using Task = std::function<void()>;
  using Key = std::uint64_t;  ///< of a watched socket; never used twice, as descriptors are

  /// Calls `on_tick` on its thread, about every `tick`. Throws std::runtime_error where the system
  /// refuses what is needed.
  IoLoop(std::chrono::milliseconds tick, Task on_tick);
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  /// Runs the task on the thread, after those that came before. Thread-safe. Dropped after `end`.
  void post(Task task);

  /// Runs the task on the thread, waits for it, and throws what it throws. Not on that thread
  /// itself, nor after `end`.
  void call(const Task& task);

  /// Ends the thread. Not on that thread itself.
  void end();

  bool on_its_thread() const;

  // On its thread alone:

  /// Watches for input, and for the other side's end. Throws std::runtime_error where it cannot.
  Key watch(int socket, std::shared_ptr<Watched> watched);
  void change(Key key, int socket, bool input, bool output);
  void unwatch(Key key, int socket);

 private:
  class Handler;

  void dispatch(const Pistache::Aio::FdSet& ready);
  void run_tasks();
  void wake() const;

  const Task on_tick_;
  int wake_fd_ = -1;
  int timer_fd_ = -1;
  std::mutex mutex_;
  std::deque<Task> tasks_;
  bool ended_ = false;
  std::unordered_map<Key, std::shared_ptr<Watched>> watched_;
  Key next_key_;
  std::shared_ptr<Handler> handler_;
  std::shared_ptr<Pistache::Aio::Reactor> reactor_;
  std::thread thread_;
};

}  // namespace sluice::search
