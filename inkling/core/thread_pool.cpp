#include "inkling/core/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "inkling/core/error.h"

namespace inkling {
namespace {

using Clock = std::chrono::steady_clock;

// measured (two-core AVX-512 machine, 2026-11): the longest pause inside a training step, the gathering of a batch, is
// 25 us. Four times that is a guess.
constexpr auto kSpinTime = std::chrono::microseconds(100);

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// True as soon as done() is; false when that has not come within spin_time.
template <typename Done>
bool spin_until(Clock::duration spin_time, const Done& done) {
  if (done()) return true;
  if (spin_time == Clock::duration::zero()) return false;
  const Clock::time_point end = Clock::now() + spin_time;
  do {
    for (int i = 0; i < 16; ++i) {  // looking at the clock costs about as much as one pause
      relax();
      if (done()) return true;
    }
  } while (Clock::now() < end);
  return false;
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
  // With more threads than cores, a spinning one would keep a working one from its core.
  spin_time_ = threads <= cores ? kSpinTime : Clock::duration::zero();
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
  const auto all_done = [&] { return working_.load(std::memory_order_acquire) == 0; };
  while (!spin_until(spin_time_, all_done)) std::this_thread::yield();
}

void ThreadPool::take_tasks() {
  for (std::size_t task = next_.fetch_add(1, std::memory_order_relaxed); task < job_.tasks;
       task = next_.fetch_add(1, std::memory_order_relaxed))
    job_.call(job_.context, task);
}

void ThreadPool::work() {
  for (std::uint32_t seen = 0;; ++seen) {
    const auto begun = [&] { return generation_.load(std::memory_order_acquire) != seen; };
    if (!spin_until(spin_time_, begun))
      while (!begun()) generation_.wait(seen, std::memory_order_acquire);
    if (stop_) return;
    take_tasks();
    working_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace inkling
