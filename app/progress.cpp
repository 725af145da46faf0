#include "app/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/interrupt.h"
#include "app/terminal.h"

ProgressLine::ProgressLine() : terminal_(is_live_terminal(STDERR_FILENO)) {}

bool ProgressLine::due() {
  if (!terminal_) return false;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(100)) return false;
  last_ = now;
  return true;
}

void ProgressLine::show(std::string_view text, const std::vector<std::string>& below) {
  if (!terminal_) return;
  std::string drawing = fmt::format("\r{}\x1b[K", text.substr(0, terminal_size(STDERR_FILENO).columns - 1));
  for (const std::string& line : below) drawing += "\n\r" + line + "\x1b[K";
  if (!below.empty() || below_ > 0) {
    drawing += "\x1b[J";  // what an earlier, higher drawing left
    if (!below.empty()) drawing += fmt::format("\x1b[{}A", below.size());
    drawing += '\r';
  }
  fmt::print(stderr, "{}", drawing);
  std::fflush(stderr);
  shown_ = true;
  below_ = below.size();
  InterruptGuard::wipe_terminal(below_ > 0);
}

void ProgressLine::make_room(std::size_t count) {
  if (below_ == 0) return clear();
  fmt::print(stderr, "\r\x1b[{}L", count);
  std::fflush(stderr);
}

void ProgressLine::clear() {
  if (!shown_) return;
  fmt::print(stderr, "{}", below_ > 0 ? "\r\x1b[J" : "\r\x1b[K");
  std::fflush(stderr);
  shown_ = false;
  below_ = 0;
  InterruptGuard::wipe_terminal(false);
}

std::string train_progress(const inkling::FitProgress& p, std::size_t epochs, std::size_t images,
                           std::size_t done_before, std::chrono::steady_clock::time_point start) {
  constexpr std::size_t kBar = 20;
  const double done = static_cast<double>((p.epoch - 1) * images + p.images_done);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double speed = (done - static_cast<double>(done_before)) / seconds;
  const auto left = static_cast<std::size_t>((static_cast<double>(epochs * images) - done) / speed);
  const std::size_t filled = kBar * p.batches_done / p.batches;
  return fmt::format("Epoch {:>2}/{} [{:#>{}}{:.>{}}] {} images/s, loss {:.4f}, {} left", p.epoch, epochs, "", filled,
                     "", kBar - filled, with_commas(static_cast<std::size_t>(speed)), p.loss,
                     left < 100 ? fmt::format("{} s", left) : fmt::format("{}:{:02} min", left / 60, left % 60));
}

std::string download_progress(std::string_view file, std::uint64_t done, std::uint64_t total) {
  constexpr std::uint64_t kBar = 20;
  const double mb = 1e-6 * static_cast<double>(done);
  if (total == 0) return fmt::format("{} {:.1f} MB", file, mb);
  const std::uint64_t filled = kBar * std::min(done, total) / total;
  return fmt::format("{} [{:#>{}}{:.>{}}] {:.1f} of {:.1f} MB", file, "", filled, "", kBar - filled, mb,
                     1e-6 * static_cast<double>(total));
}

namespace {

std::string bar_progress(std::string_view verb, std::string_view name, std::size_t done, std::size_t total) {
  constexpr std::size_t kBar = 20;
  const std::size_t filled = total == 0 ? kBar : kBar * std::min(done, total) / total;
  return fmt::format("{} [{:#>{}}{:.>{}}] {} of {}, {}", verb, "", filled, "", kBar - filled, with_commas(done),
                     with_commas(total), name);
}

}  // namespace

std::string reading_progress(std::string_view source, std::size_t done, std::size_t total) {
  return bar_progress("Reading", source, done, total);
}

std::string writing_progress(std::string_view output, std::size_t done, std::size_t total) {
  return bar_progress("Writing", output, done, total);
}

std::string with_commas(std::size_t number) {
  std::string text = fmt::format("{}", number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}
