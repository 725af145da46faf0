#include "app/interrupt.h"

#include <unistd.h>

#include <cerrno>

namespace {

volatile std::sig_atomic_t interrupted = 0;
volatile std::sig_atomic_t wipes = 0;

void note(int signal) {
  constexpr char kWipe[] = "\r\x1b[J";
  interrupted = signal;
  if (wipes == 0) return;
  const int before = errno;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kWipe, sizeof kWipe - 1);
  errno = before;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  for (std::size_t i = 0; i < kCount; ++i) {
    if (kSignals[i] == SIGPIPE) action.sa_handler = SIG_IGN;
    sigaction(kSignals[i], &action, &before_[i]);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < kCount; ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

int InterruptGuard::signal() { return interrupted; }

void InterruptGuard::wipe_terminal(bool wipe) { wipes = wipe; }
