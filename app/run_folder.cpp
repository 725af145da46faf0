#include "app/run_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "app/event_log.h"
#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/report/history.h"

namespace fs = std::filesystem;
using inkling::ErrorKind;
using inkling::fail;

namespace {

const fs::path kRuns = "runs";

// runs/20260131-235959, with -2, -3, ... behind it when that second has a run already.
fs::path fresh_folder() {
  const std::string time = fmt::format("{:%Y%m%d-%H%M%S}", fmt::localtime(std::time(nullptr)));
  fs::path folder = kRuns / time;
  for (int n = 2; fs::exists(folder); ++n) folder = kRuns / fmt::format("{}-{}", time, n);
  return folder;
}

// Points runs/latest at the folder. A file system without links is no reason to fail.
void point_latest_at(const fs::path& folder) {
  const fs::path link = kRuns / fmt::format(".latest.{}", ::getpid());
  std::error_code error;
  fs::create_directory_symlink(fs::canonical(folder, error).filename(), link, error);
  if (!error) fs::rename(link, kRuns / "latest", error);
  if (error) fs::remove(link, error);
}

// Removes what write_file_atomically() leaves when it is killed.
void remove_parts(const fs::path& folder) {
  std::vector<fs::path> parts;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.') && name.ends_with(".part")) parts.push_back(at->path());
  }
  for (const fs::path& part : parts) fs::remove(part, error);
}

}  // namespace

RunFolder RunFolder::fresh(const std::string& path) {
  RunFolder run(path.empty() ? fresh_folder() : fs::path(path));
  const fs::path& folder = run.path_;
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error))
    fail(ErrorKind::io, "{}: cannot hold a run: it is a file; choose another folder with --out", folder.string());
  if (fs::is_directory(folder, error) && !fs::is_empty(folder, error))
    fail(ErrorKind::io,
         "{}: holds something already, and nothing is overwritten; choose another folder with --out, or remove it{}",
         folder.string(),
         fs::is_directory(folder / "checkpoint", error)
             ? fmt::format("; it is a run that was not finished: continue it with --resume {}", folder.string())
             : "");
  for (fs::path each = folder; !each.empty() && !fs::exists(each, error); each = each.parent_path())
    run.made_.push_back(each);
  fs::create_directories(folder, error);
  if (error)
    fail(ErrorKind::io, "{}: cannot be made: {}; choose another folder with --out", folder.string(), error.message());
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    fail(ErrorKind::io, "{}: cannot be written: {}; choose another folder with --out", folder.string(),
         std::strerror(errno));
  return run;
}

RunFolder RunFolder::existing(const fs::path& path) {
  RunFolder run(path);
  run.has_checkpoint_ = true;  // before anything can fail: what somebody else wrote is not ours to remove
  std::error_code error;
  if (!fs::is_regular_file(path / "config.json", error))
    fail(ErrorKind::io, "{}: is no run: it has no config.json", path.string());
  if (!fs::is_directory(run.checkpoints(), error))
    fail(ErrorKind::io, "{}: has no checkpoint to resume from: {}", path.string(),
         fs::is_regular_file(run.model_path(), error) ? "the run is finished"
                                                      : "it was stopped before its first one; train anew");
  for (const fs::path& folder : {path, run.checkpoints()}) remove_parts(folder);
  return run;
}

RunFolder::~RunFolder() {
  if (has_model_ || has_checkpoint_ || path_.empty()) return;
  metrics_.reset();
  std::error_code ignored;
  for (const char* file : {"config.json", "metrics.jsonl", "checkpoint"}) fs::remove(path_ / file, ignored);
  fs::remove_all(path_ / EventLog::kFolder, ignored);
  for (const fs::path& folder : made_)
    if (!fs::remove(folder, ignored)) break;  // somebody else put something there
}

void RunFolder::write_config(const std::string& json) { inkling::write_file_atomically(path_ / "config.json", json); }

std::string RunFolder::read_config() const {
  const inkling::Bytes bytes = inkling::read_file(path_ / "config.json", inkling::kMaxConfigBytes);
  return {bytes.begin(), bytes.end()};
}

void RunFolder::append_metrics(const nlohmann::ordered_json& line) {
  const fs::path file = path_ / "metrics.jsonl";
  if (!metrics_) metrics_.reset(std::fopen(file.c_str(), "ae"));
  if (!metrics_ || std::fputs((line.dump() + "\n").c_str(), metrics_.get()) < 0 || std::fflush(metrics_.get()) != 0)
    fail(ErrorKind::io, "{}: cannot be written: {}", file.string(), std::strerror(errno));
}

void RunFolder::cut_metrics_after(std::uint64_t epoch) {
  const fs::path file = path_ / "metrics.jsonl";
  std::error_code error;
  if (!fs::exists(file, error)) return;
  const inkling::Bytes bytes = inkling::read_file(file, inkling::kMaxMetricsBytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t newline = text.find('\n', end);
    if (newline == text.npos) break;  // a line that was cut short
    const auto line = nlohmann::json::parse(text.substr(end, newline - end), nullptr, false);
    if (!line.is_object() || !line.contains("epoch") || !line["epoch"].is_number_unsigned() ||
        line["epoch"].get<std::uint64_t>() > epoch)
      break;
    end = newline + 1;
  }
  inkling::write_file_atomically(file, text.substr(0, end));
}

void RunFolder::save_checkpoint(const inkling::Checkpoint& checkpoint) {
  inkling::save_checkpoint(checkpoints(), checkpoint);
  has_checkpoint_ = true;
}

void RunFolder::save_model(const inkling::Mlp& model, const inkling::ModelInfo& info) {
  inkling::save(model, model_path(), info);
  has_model_ = true;
  std::error_code error;
  if (fs::equivalent(path_ / "..", kRuns, error)) point_latest_at(path_);
}

void RunFolder::remove_checkpoints() {
  std::error_code ignored;
  fs::remove_all(checkpoints(), ignored);
  has_checkpoint_ = false;
}
