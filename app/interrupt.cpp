#include "app/interrupt.h"

namespace {

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

InterruptGuard::InterruptGuard() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { interrupted = signal; };
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
