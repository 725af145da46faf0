#include "inkling/core/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <system_error>

#include "inkling/core/error.h"

namespace inkling {
namespace {

// measured (two-core AVX-512 machine, 2026-11): about 40 us, longer than any pause inside a training step.
constexpr unsigned kSpins = 1000;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Cores that this process may use, which containers and taskset make fewer than the machine has.
std::size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

ThreadPool::ThreadPool(std::size_t threads) {
  const std::size_t cores = usable_cores();
  if (threads == 0) threads = std::min(cores, kMaxThreads);
  if (threads > kMaxThreads)
    fail(ErrorKind::config, "{} threads asked for; at most {} are allowed (0 takes one a core, {} here)", threads,
         kMaxThreads, cores);
  spins_ =
      threads <= cores ? kSpins : 0;  // with more threads than cores, a spinning one keeps a working one from its core
  try {
    for (std::size_t i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error& e) {
    const std::size_t started = workers_.size() + 1;
    stop();
    fail(ErrorKind::io, "{} threads asked for, the system gave {}: {}", threads, started, e.what());
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stop_ = true;
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void ThreadPool::fork_join(const Job& job) {
  job_ = job;
  next_.store(0, std::memory_order_relaxed);
  working_.store(workers_.size(), std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  take_tasks();
  for (unsigned spin = 0; working_.load(std::memory_order_acquire) != 0; ++spin) {
    if (spin < spins_)
      relax();
    else
      std::this_thread::yield();
  }
}

void ThreadPool::take_tasks() {
  for (std::size_t task = next_.fetch_add(1, std::memory_order_relaxed); task < job_.tasks;
       task = next_.fetch_add(1, std::memory_order_relaxed))
    job_.call(job_.context, task);
}

void ThreadPool::work() {
  for (std::uint32_t seen = 0;; ++seen) {
    for (unsigned spin = 0; spin < spins_ && generation_.load(std::memory_order_acquire) == seen; ++spin) relax();
    while (generation_.load(std::memory_order_acquire) == seen) generation_.wait(seen, std::memory_order_acquire);
    if (stop_) return;
    take_tasks();
    working_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace inkling
