// One file over HTTP, into a file that may hold its beginning already.
//
// What is missing is asked for by Range and appended; a server that ignores the range makes it start over. Whatever
// arrives stays on the disk, so that a killed or broken transfer goes on where it ended. Redirects are followed to http
// and https only, five at most. A server that cannot be reached, stalls, refuses or sends too much is an answer, not an
// error: there may be another mirror. Needs libcurl.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace inkling {

struct FetchOptions {
  std::chrono::milliseconds connect_limit{5000};  // for name, connection and TLS
  std::chrono::milliseconds stall_limit{10000};   // with less than 1 KB/s; checked once a second
  std::uint64_t max_bytes = 64u << 20;            // guess: six times MNIST's largest file
  // Bytes on the disk and in all (0 while unknown); called several times a second. May throw: that ends the transfer.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
};

struct Fetched {
  bool complete = false;  // the server says that nothing is missing; whether it is right, a checksum tells
  bool alive = true;      // the server answered within the limits: asking it for another file makes sense
  bool resumed = false;   // the beginning was there before
  std::string reason;     // where incomplete: why
};

// Whether this build can fetch anything.
bool can_fetch();

// Throws Error: io (the file cannot be written), config (built without libcurl), and what `progress` throws.
// Thread-safe for different paths.
Fetched fetch(const std::string& url, const std::filesystem::path& path, const FetchOptions& options);

}  // namespace inkling
