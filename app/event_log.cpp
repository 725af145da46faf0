#include "app/event_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/report/event_records.h"
#include "inkling/report/tensorboard.h"

namespace fs = std::filesystem;
using inkling::ErrorKind;
using inkling::fail;

namespace {

constexpr std::string_view kName = "events.out.tfevents.";  // what readers look for; then seconds, by which they sort
constexpr std::size_t kMaxFileBytes = 1u << 31;             // guess: ten thousand epochs

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->path().filename().string().starts_with(kName)) files.push_back(at->path());
  std::ranges::sort(files);
  return files;
}

void cut_after(const fs::path& file, std::uint64_t step) {
  const inkling::Bytes bytes = inkling::read_file(file, kMaxFileBytes);
  const std::size_t kept = inkling::bytes_through_step(bytes, step);
  if (kept < bytes.size()) inkling::write_file_atomically(file, std::span(bytes).first(kept));
}

// The seconds in a file's name; 0 where there are none.
std::uint64_t seconds_of(const fs::path& file) {
  const std::string text = file.filename().string().substr(kName.size());
  std::uint64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return seconds;
}

}  // namespace

bool EventLog::is_in(const fs::path& run) {
  std::error_code error;
  return fs::is_directory(run / kFolder, error);
}

EventLog::EventLog(const fs::path& run, const inkling::Dataset& train, const inkling::FitState* from)
    : images_(train.count()),
      height_(train.height),
      width_(train.width),
      told_(from != nullptr ? from->epochs * train.count() + from->images : 0) {
  const fs::path folder = run / kFolder;
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) fail(ErrorKind::io, "{}: cannot be made: {}", folder.string(), error.message());
  const double start = now();
  const std::uint64_t steps = from != nullptr ? from->optimizer.steps : 0;
  auto seconds = static_cast<std::uint64_t>(start);
  for (const fs::path& file : files_in(folder)) {
    cut_after(file, steps);
    seconds = std::max(seconds, seconds_of(file) + 1);  // a later file sorts behind the others whatever the clock says
  }
  path_ = folder / fmt::format("{}{:010}.inkling", kName, seconds);
  file_.reset(std::fopen(path_.c_str(), "abxe"));
  write(inkling::first_events(start, steps));
}

void EventLog::epoch(const inkling::EpochReport& r, const inkling::Mlp& model) {
  const std::size_t done = r.epoch * images_;
  const double speed = r.train_seconds > 0 ? static_cast<double>(done - told_) / r.train_seconds : 0;
  told_ = done;
  write(inkling::epoch_events(
      r, model, {.wall_seconds = now(), .images_per_second = speed, .image_height = height_, .image_width = width_}));
}

void EventLog::write(const inkling::Bytes& records) {
  if (!file_ || std::fwrite(records.data(), 1, records.size(), file_.get()) != records.size() ||
      std::fflush(file_.get()) != 0)
    fail(ErrorKind::io, "{}: cannot be written: {}", path_.string(), std::strerror(errno));
}
