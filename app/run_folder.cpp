#include "app/run_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "inkling/core/error.h"
#include "inkling/core/file.h"

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

}  // namespace

RunFolder::RunFolder(const std::string& path) : path_(path.empty() ? fresh_folder() : fs::path(path)) {
  std::error_code error;
  if (fs::exists(path_, error) && !fs::is_directory(path_, error))
    fail(ErrorKind::io, "{}: cannot hold a run: it is a file; choose another folder with --out", path_.string());
  if (fs::is_directory(path_, error) && !fs::is_empty(path_, error))
    fail(ErrorKind::io,
         "{}: holds something already, and nothing is overwritten; choose another folder with --out, or remove it",
         path_.string());
  for (fs::path folder = path_; !folder.empty() && !fs::exists(folder, error); folder = folder.parent_path())
    made_.push_back(folder);
  fs::create_directories(path_, error);
  if (error)
    fail(ErrorKind::io, "{}: cannot be made: {}; choose another folder with --out", path_.string(), error.message());
  if (::access(path_.c_str(), W_OK | X_OK) != 0)
    fail(ErrorKind::io, "{}: cannot be written: {}; choose another folder with --out", path_.string(),
         std::strerror(errno));
}

RunFolder::~RunFolder() {
  if (has_model_) return;
  metrics_.reset();
  std::error_code ignored;
  for (const char* file : {"config.json", "metrics.jsonl"}) fs::remove(path_ / file, ignored);
  for (const fs::path& folder : made_)
    if (!fs::remove(folder, ignored)) break;  // somebody else put something there
}

void RunFolder::write_config(const nlohmann::ordered_json& config) {
  inkling::write_file_atomically(path_ / "config.json", config.dump(2) + "\n");
}

void RunFolder::append_metrics(const nlohmann::ordered_json& line) {
  const fs::path file = path_ / "metrics.jsonl";
  if (!metrics_) metrics_.reset(std::fopen(file.c_str(), "wxe"));
  if (!metrics_ || std::fputs((line.dump() + "\n").c_str(), metrics_.get()) < 0 || std::fflush(metrics_.get()) != 0)
    fail(ErrorKind::io, "{}: cannot be written: {}", file.string(), std::strerror(errno));
}

void RunFolder::save_model(const inkling::Mlp& model, const inkling::ModelInfo& info) {
  inkling::save(model, model_path(), info);
  has_model_ = true;
  std::error_code error;
  if (fs::equivalent(path_ / "..", kRuns, error)) point_latest_at(path_);
}
