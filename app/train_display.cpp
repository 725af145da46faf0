#include "app/train_display.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "app/interrupt.h"
#include "app/train_text.h"
#include "inkling/core/file.h"

TrainDisplay::TrainDisplay(const inkling::Recipe& recipe, std::size_t images, bool plot, const inkling::FitState* from,
                           const std::filesystem::path& metrics)
    : recipe_(recipe), images_(images), done_before_(from != nullptr ? from->epochs * images + from->images : 0) {
  if (!plot || !line_.is_live()) return;
  chart_.emplace(recipe.fit.epochs, images,
                 TextStyle{.color = color_level(STDERR_FILENO), .braille = has_braille(std::getenv("TERM"))});
  if (from != nullptr) take_past(*from, metrics);
  size_ = terminal_size(STDERR_FILENO);
  if (size_.columns < LiveChart::kLeastColumns || size_.rows < LiveChart::kLeastRows)
    fmt::print(stderr, "Note      --plot draws from {} columns and {} lines on; this terminal has {} and {}\n",
               LiveChart::kLeastColumns, LiveChart::kLeastRows, size_.columns, size_.rows);
}

// The run's epochs so far, as it has written them down. Without them the chart begins where training goes on.
void TrainDisplay::take_past(const inkling::FitState& from, const std::filesystem::path& metrics) {
  constexpr std::size_t kMostBytes = 1u << 30;  // guess: a million epochs
  std::error_code error;
  if (std::filesystem::is_regular_file(metrics, error)) {
    const inkling::Bytes bytes = inkling::read_file(metrics, kMostBytes);
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      chart_->past(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  chart_->skip(from.epochs + 1, from.images, from.total_loss, static_cast<double>(from.correct));
}

void TrainDisplay::batch(const inkling::FitProgress& p) {
  if (!line_.due() || InterruptGuard::signal() != 0) return;
  text_ = train_progress(p, recipe_.fit.epochs, images_, done_before_, start_);
  if (chart_) chart_->batch(p);
  show(true);
}

void TrainDisplay::show(bool render) {
  if (chart_) {
    const TerminalSize size = terminal_size(STDERR_FILENO);
    if (render || size != size_) drawn_ = chart_->lines(size);
    size_ = size;
  }
  line_.show(text_, drawn_);
}

bool TrainDisplay::epoch(const inkling::EpochReport& r) {
  std::vector<std::string_view> texts;
  for (const inkling::Complaint& each : r.complaints)
    if (said_.insert(each.about).second) texts.push_back(each.text);
  constexpr std::size_t kIndent = 10, kEpochColumns = 100;  // guess: no epoch's line is longer
  std::size_t lines = 1 + kEpochColumns / size_.columns;
  for (const std::string_view text : texts) lines += 1 + (kIndent + text.size()) / size_.columns;
  line_.make_room(lines);
  const bool printed = print_epoch(r, recipe_);
  for (const std::string_view text : texts) fmt::print(stderr, "{:{}}{}\n", "", kIndent, text);
  if (!chart_) return printed;
  chart_->epoch(r);
  if (InterruptGuard::signal() == 0) show(false);
  return printed;
}
