// Which runtime steps are given, by how long steps take on each.
#include "inkling/train/thread_choice.h"

#include <gtest/gtest.h>

#include <thread>

namespace inkling {
namespace {

using std::chrono::microseconds;

// What a run ends up with whose steps take so long on all threads and on one; `tried` counts steps on one.
std::size_t threads_at_last(microseconds on_all, microseconds on_one, std::size_t& tried) {
  const Runtime rt({.threads = 2});
  ThreadChoice choice(rt);
  std::size_t threads = 0;
  tried = 0;
  for (int step = 0; step < 60; ++step) {
    threads = choice.next().threads();
    tried += threads == 1;
    std::this_thread::sleep_for(threads == 1 ? on_one : on_all);
  }
  return threads;
}

TEST(ThreadChoice, EndsWithWhatIsFaster) {
  std::size_t tried = 0;
  EXPECT_EQ(threads_at_last(microseconds(8000), microseconds(1200), tried), 1u);
  EXPECT_EQ(threads_at_last(microseconds(1200), microseconds(20000), tried), 2u);
  EXPECT_LE(tried, 4u) << "what is much slower is not tried again";
}

TEST(ThreadChoice, HasNoneWithOneThread) {
  const Runtime rt({.threads = 1});
  ThreadChoice choice(rt);
  for (int step = 0; step < 50; ++step) EXPECT_EQ(&choice.next(), &rt);
}

}  // namespace
}  // namespace inkling
