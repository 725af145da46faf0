#include "inkling/data/download.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <sstream>

#include "inkling/core/error.h"
#include "inkling/data/checksum.h"
#include "inkling/data/gzip.h"
#include "inkling/data/idx.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMnistMirrors =
    "https://ossci-datasets.s3.amazonaws.com/mnist/ https://storage.googleapis.com/cvdf-datasets/mnist/";

// Keeps other processes out of the folder. The lock is on the folder itself, so that no file is left behind, and ends
// with the process, however that ends.
class FolderLock {
 public:
  FolderLock(const fs::path& folder, const std::function<void(const std::string&)>& note)
      : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ < 0) fail(ErrorKind::io, "{}: cannot be opened: {}", folder.string(), std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
      return;  // a file system without locks does without
    if (note) note(fmt::format("{}: waiting for another process that downloads to it", folder.string()));
    while (::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~FolderLock() { ::close(fd_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

// Why the file on the disk is not the one that is wanted; nothing when it is.
std::optional<std::string> flaw(const fs::path& path, const RemoteFile& wanted, std::uint64_t max_bytes) {
  try {
    const std::string found = sha256({gunzip(read_file(path, max_bytes), wanted.name)});
    if (found == wanted.sha256) return std::nullopt;
    return fmt::format("{}: wrong content: SHA-256 {}..., expected {}...", wanted.name, found.substr(0, 12),
                       wanted.sha256.substr(0, 12));
  } catch (const Error& error) {
    return error.what();
  }
}

void place(const fs::path& part, const fs::path& target) {
  const int fd = ::open(part.c_str(), O_RDONLY | O_CLOEXEC);
  const bool flushed = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!flushed || ::rename(part.c_str(), target.c_str()) != 0)
    fail(ErrorKind::io, "{}: cannot be written: {}", target.string(), std::strerror(errno));
}

class Downloader {
 public:
  Downloader(const fs::path& folder, const DownloadOptions& options)
      : folder_(folder), options_(options), mirrors_(options.mirrors) {}

  void get(const RemoteFile& file) {
    const fs::path target = folder_ / file.name;
    if (!flaw(target, file, options_.fetch.max_bytes)) return;

    for (std::size_t i = 0; i < mirrors_.size();) {
      const std::string mirror = mirrors_[i];
      const Fetched fetched = fetch_whole(mirror, file);
      if (fetched.complete) return place(part(file), target);
      reasons_.push_back(fmt::format("{}: {}", mirror, fetched.reason));
      if (fetched.alive)
        ++i;
      else
        mirrors_.erase(mirrors_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    fail(ErrorKind::io,
         "{} cannot be downloaded:\n  {}\nA later call goes on where this one ended. By hand: put {} into\n  {}\nor "
         "name a folder that "
         "has them by --data or $INKLING_DATA. With neither: --data sample.",
         file.name, fmt::join(reasons_, "\n  "), file_names(), folder_.string());
  }

 private:
  fs::path part(const RemoteFile& file) const { return folder_ / (file.name + ".part"); }

  std::string file_names() const {
    std::vector<std::string> names;
    for (const RemoteFile& file : options_.files) names.push_back(file.name);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  // Complete when the part is the wanted file. A wrong one is deleted; where its beginning was there before, it may be
  // that beginning which is wrong, so the same mirror is asked once more for the whole.
  Fetched fetch_whole(const std::string& mirror, const RemoteFile& file) {
    const std::string url = mirror + (mirror.ends_with('/') ? "" : "/") + file.name;
    FetchOptions limits = options_.fetch;
    if (options_.progress)
      limits.progress = [&](std::uint64_t done, std::uint64_t total) { options_.progress(file.name, done, total); };
    Fetched fetched;
    for (int attempt = 0; attempt < 2; ++attempt) {
      fetched = fetch(url, part(file), limits);
      if (!fetched.complete) return fetched;
      const std::optional<std::string> wrong = flaw(part(file), file, limits.max_bytes);
      if (!wrong) return fetched;
      std::error_code ignored;
      fs::remove(part(file), ignored);
      fetched.complete = false;
      fetched.reason = *wrong;
      if (!fetched.resumed) break;
    }
    return fetched;
  }

  const fs::path& folder_;
  const DownloadOptions& options_;
  std::vector<std::string> mirrors_;  // those that still answer
  std::vector<std::string> reasons_;  // a line for each refusal
};

}  // namespace

std::vector<RemoteFile> mnist_remote_files() {
  std::vector<RemoteFile> files;
  for (std::size_t part = 0; part < kIdxNames.size(); ++part)
    files.push_back({std::string(kIdxNames[part]) + ".gz", std::string(kMnistSha256[part])});
  return files;
}

std::vector<std::string> mirrors_from_environment() {
  const char* chosen = std::getenv("INKLING_MIRRORS");
  std::istringstream words(chosen != nullptr ? chosen : kMnistMirrors);
  return {std::istream_iterator<std::string>(words), {}};
}

void download(const fs::path& folder, const DownloadOptions& options) {
  if (!can_fetch())
    fail(ErrorKind::config,
         "this build cannot download: install libcurl4-openssl-dev and build again, or use --data sample");
  if (options.mirrors.empty())
    fail(ErrorKind::config, "no mirror to download from: $INKLING_MIRRORS is empty; unset it, or use --data sample");
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (error) fail(ErrorKind::io, "{}: cannot be made: {}", folder.string(), error.message());
  try {
    const FolderLock lock(folder, options.note);
    Downloader downloader(folder, options);
    for (const RemoteFile& file : options.files) downloader.get(file);
  } catch (...) {
    if (made) fs::remove(folder, error);  // only when nothing has come: a folder with something in it stays
    throw;
  }
}

}  // namespace inkling
