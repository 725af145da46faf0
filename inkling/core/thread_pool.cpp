#include "inkling/core/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <system_error>

#include "inkling/core/error.h"

namespace inkling {
namespace {

using Clock = std::chrono::steady_clock;

// measured (two-core AVX-512 machine, 2026-11): the longest pause inside a training step, the gathering of a batch, is
// 25 us. Four times that is a guess.
constexpr auto kSpinTime = std::chrono::microseconds(100);

// The door: the job's number in the upper half, then one bit that shuts it, then the number of workers inside. A caller
// whose tasks are all taken shuts the door and waits only for those inside: a worker that is asleep or has lost its
// core is not waited for.
constexpr std::uint64_t kClosed = 1u << 31;
constexpr std::uint64_t kInside = kClosed - 1;

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

// Cores that this process may use: taskset and cpusets make them fewer than the machine has.
std::size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

ThreadPool::ThreadPool(std::size_t threads) : door_(kClosed) {
  const std::size_t cores = usable_cores();
  if (threads == 0) threads = std::min(cores, kMaxThreads);
  if (threads > kMaxThreads)
    fail(ErrorKind::config, "{} threads asked for; at most {} are allowed (0 takes one a core, {} here)", threads,
         kMaxThreads, cores);
  // With more threads than cores, a spinning one would keep a working one from its core.
  spin_time_ = threads <= cores ? kSpinTime : Clock::duration::zero();
  workers_.reserve(threads);
  try {
    for (std::size_t i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
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
  taken_.store(0, std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  const std::uint32_t generation = generation_.load(std::memory_order_relaxed) + 1;
  door_.store(std::uint64_t{generation} << 32, std::memory_order_release);
  generation_.store(generation, std::memory_order_release);
  generation_.notify_all();
  take_tasks(0);
  const std::size_t inside = door_.fetch_or(kClosed, std::memory_order_acq_rel) & kInside;
  const auto all_done = [&] { return finished_.load(std::memory_order_acquire) == inside; };
  while (!spin_until(spin_time_, all_done)) std::this_thread::yield();
}

// Into the job that is open now, whichever that is.
bool ThreadPool::enter() {
  std::uint64_t door = door_.load(std::memory_order_acquire);
  while (!(door & kClosed))
    if (door_.compare_exchange_weak(door, door + 1, std::memory_order_acq_rel, std::memory_order_acquire)) return true;
  return false;
}

// Tasks are taken in chunks, one bit of taken_ each. A thread takes its own chunks in order, then what is left from the
// other end, which its owner comes to last.
void ThreadPool::take_tasks(std::size_t thread) {
  const std::size_t chunks = std::min<std::size_t>(job_.tasks, 64);
  const auto bits_below = [](std::size_t n) { return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1; };
  const std::uint64_t all = bits_below(chunks);
  const std::uint64_t own = bits_below((thread + 1) * chunks / size()) & ~bits_below(thread * chunks / size());
  for (std::uint64_t taken = taken_.load(std::memory_order_relaxed); (taken & all) != all;) {
    const std::uint64_t free = all & ~taken, mine = free & own;
    const auto chunk = static_cast<std::size_t>(mine != 0 ? std::countr_zero(mine) : 63 - std::countl_zero(free));
    const std::uint64_t bit = std::uint64_t{1} << chunk;
    taken = taken_.fetch_or(bit, std::memory_order_relaxed);
    if (taken & bit) continue;
    taken |= bit;
    for (std::size_t task = chunk * job_.tasks / chunks; task < (chunk + 1) * job_.tasks / chunks; ++task)
      job_.call(job_.context, task);
  }
}

void ThreadPool::work(std::size_t thread) {
  for (std::uint32_t seen = 0;;) {
    const auto begun = [&] { return generation_.load(std::memory_order_acquire) != seen; };
    if (!spin_until(spin_time_, begun))
      while (!begun()) generation_.wait(seen, std::memory_order_acquire);
    seen = generation_.load(std::memory_order_acquire);
    if (stop_) return;
    if (!enter()) continue;
    take_tasks(thread);
    finished_.fetch_add(1, std::memory_order_release);
  }
}

}  // namespace inkling
