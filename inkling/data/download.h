// MNIST from its mirrors into a folder.
//
// Each file is asked of the mirrors in turn, is checked by the SHA-256 of its uncompressed bytes, and takes its name
// only then; until then it is NAME.part, which a later call completes. A file that is there and whole is left alone. A
// mirror that does not answer is not asked again. Two processes that fill the same folder take turns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/data/fetch.h"

namespace inkling {

struct RemoteFile {
  std::string name;    // on the mirror and on the disk; a gzip file
  std::string sha256;  // of what it inflates to
};

// MNIST's four.
std::vector<RemoteFile> mnist_remote_files();

// The words of $INKLING_MIRRORS, each a URL to which a file's name is added; where that is not set, MNIST's public
// mirrors. Set but empty, it forbids every download.
std::vector<std::string> mirrors_from_environment();

struct DownloadOptions {
  std::vector<std::string> mirrors = mirrors_from_environment();
  std::vector<RemoteFile> files = mnist_remote_files();
  FetchOptions fetch{};  // its limits; its progress is set from the one below
  std::function<void(std::string_view file, std::uint64_t done, std::uint64_t total)> progress{};
  std::function<void(const std::string&)> note{};  // a remark for people: another process is waited for
};

// Makes the folder where it is missing. Throws Error: io (the folder or a file cannot be written; no mirror gave a
// file: the text lists each one's reason and says what to do), config (built without libcurl, or no mirrors).
// Thread-safe.
void download(const std::filesystem::path& folder, const DownloadOptions& options);

}  // namespace inkling
