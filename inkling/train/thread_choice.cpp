#include "inkling/train/thread_choice.h"

#include <algorithm>

namespace inkling {
namespace {

constexpr double kBlockSeconds = 1e-3;  // guess: at least; long beside what starts and stops a thread
constexpr std::size_t kBlocks = 8;      // guess: half of them on one thread; the least of each counts
constexpr double kMuchSlower = 1.5;     // guess: then one thread is not tried again

}  // namespace

ThreadChoice::ThreadChoice(const Runtime& all) : all_(&all) {
  if (all.threads() > 1) one_.emplace(RuntimeOptions{.threads = 1, .isa = all.kernels().isa});
}

// Blocks of steps in turn: on all threads, on one, on all, ...
const Runtime& ThreadChoice::next() {
  if (!one_) return *all_;
  if (blocks_ == kBlocks) return *one_;
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - block_begin_).count();
  if (steps_ > 0 && seconds >= kBlockSeconds) {
    double& least = least_[blocks_ % 2];
    least = blocks_ < 2 ? seconds / steps_ : std::min(least, seconds / steps_);
    ++blocks_;
    steps_ = 0;
    const bool slower = least_[1] >= least_[0], much_slower = least_[1] > kMuchSlower * least_[0];
    if ((blocks_ >= 2 && much_slower) || (blocks_ == kBlocks && slower)) one_.reset();
  }
  if (steps_++ == 0) block_begin_ = now;
  return one_ && blocks_ % 2 == 1 ? *one_ : *all_;
}

}  // namespace inkling
