// The threads that the whole program shares.
//
// run() splits work into numbered tasks and returns when all are done. Each thread begins with its own share of them,
// the same at every call, so that what it wrote last time may still be in its cache; then it takes what others have not
// begun. So a task must compute its own block of the output, whole: then the bytes do not depend on the number of
// threads. Between two calls the workers spin for some microseconds before they sleep, because a training step is many
// short calls.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace inkling {

inline constexpr std::size_t kMaxThreads = 1024;  // guess: beyond any machine that this runs on

class ThreadPool {
 public:
  // threads counts the caller: 1 starts none. 0 takes one for each core that this process may use.
  // Throws Error: config (above kMaxThreads), io (the system gives no more threads).
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t size() const { return workers_.size() + 1; }

  // Calls f(task) for task = 0 .. tasks - 1, each once, on any of the threads; f must not throw. Safe from several
  // threads at once and from inside a task: whoever finds the pool busy does its tasks alone.
  template <typename F>
  void run(std::size_t tasks, const F& f) {
    static_assert(std::is_nothrow_invocable_v<const F&, std::size_t>, "a task must be noexcept");
    if (tasks == 0) return;
    if (tasks == 1 || workers_.empty() || busy_.test_and_set(std::memory_order_acquire)) {
      for (std::size_t task = 0; task < tasks; ++task) f(task);
      return;
    }
    fork_join({.call = [](const void* context, std::size_t task) noexcept { (*static_cast<const F*>(context))(task); },
               .context = &f,
               .tasks = tasks});
    busy_.clear(std::memory_order_release);
  }

 private:
  struct Job {
    void (*call)(const void* context, std::size_t task) noexcept = nullptr;
    const void* context = nullptr;
    std::size_t tasks = 0;
  };

  void fork_join(const Job& job);
  void take_tasks(std::size_t thread);
  bool enter();
  void work(std::size_t thread);
  void stop();

  std::atomic_flag busy_;  // set by the caller of the running job
  Job job_;                // written before the job opens, read by those who have entered it

  // Which job, whether it still lets workers in, and how many came in: see kClosed in the source.
  alignas(64) std::atomic<std::uint64_t> door_;
  alignas(64) std::atomic<std::uint64_t> taken_{0};       // a bit for each chunk of tasks that somebody has taken
  alignas(64) std::atomic<std::size_t> finished_{0};      // workers that came in and are done
  alignas(64) std::atomic<std::uint32_t> generation_{0};  // number of jobs begun; raising it wakes the workers
  std::atomic<bool> stop_ = false;
  std::chrono::steady_clock::duration spin_time_;  // how long to spin before sleeping
  std::vector<std::thread> workers_;
};

}  // namespace inkling
