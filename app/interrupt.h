// Ctrl-C and its kin while something long is running.
#pragma once

#include <csignal>
#include <cstddef>

// Until the end of its life the first Ctrl-C (or SIGTERM, or a closed terminal) only sets signal(); the second ends the
// program at once. A closed pipe is not a signal but an error of the write. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static int signal();  // the signal's number, or 0

  // Whether the signal also wipes stderr's terminal from the cursor on: what stands there is a drawing, and the second
  // signal leaves no time to wipe it.
  static void wipe_terminal(bool wipe);

 private:
  static constexpr std::size_t kCount = 4;
  static constexpr int kSignals[kCount] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  struct sigaction before_[kCount];
};
