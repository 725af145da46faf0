// The pool: every task once, from many callers, nested, with more threads than cores.
#include "inkling/core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "inkling/core/error.h"

namespace inkling {
namespace {

TEST(ThreadPool, DoesEveryTaskOnce) {
  for (const std::size_t threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (const std::size_t tasks : {0u, 1u, 2u, 3u, 100u, 1000u}) {
      std::vector<std::atomic<int>> done(tasks);
      pool.run(tasks, [&](std::size_t task) noexcept { ++done[task]; });
      for (const auto& count : done) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, WritesOfTasksAreSeenByTheCaller) {
  ThreadPool pool(3);
  std::vector<int> out(64);
  for (int round = 1; round <= 2000; ++round) {
    pool.run(out.size(), [&](std::size_t task) noexcept { out[task] += 1; });
    for (const int value : out) ASSERT_EQ(value, round);
  }
}

TEST(ThreadPool, SeveralCallersShareIt) {
  ThreadPool pool(2);
  std::atomic<int> total = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) pool.run(10, [&](std::size_t) noexcept { ++total; });
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 4 * 200 * 10);
}

TEST(ThreadPool, ATaskMayRunTasks) {
  ThreadPool pool(2);
  std::atomic<int> total = 0;
  pool.run(4, [&](std::size_t) noexcept { pool.run(5, [&](std::size_t) noexcept { ++total; }); });
  EXPECT_EQ(total, 20);
}

TEST(ThreadPool, SleepingWorkersWakeUp) {
  ThreadPool pool(2);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::atomic<int> total = 0;
    pool.run(100, [&](std::size_t) noexcept { ++total; });
    EXPECT_EQ(total, 100);
  }
}

TEST(ThreadPool, TooManyThreadsAreRefused) {
  try {
    ThreadPool pool(kMaxThreads + 1);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config);
  }
}

}  // namespace
}  // namespace inkling
