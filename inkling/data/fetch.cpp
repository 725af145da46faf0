#include "inkling/data/fetch.h"

#include "inkling/core/error.h"

#ifdef INKLING_HAVE_CURL

#include <curl/curl.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <new>

namespace inkling {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kStallBytesPerSecond = 1024;  // guess: a slow line has ten times that
constexpr long kMaxRedirects = 5;              // guess: the mirrors need none
constexpr long kRangeNotSatisfiable = 416;     // HTTP's "there is nothing after that"
constexpr long kPartialContent = 206;          // HTTP's "here is the range that you asked for"

struct Close {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

// What libcurl's callbacks work on. They are called from C, so an exception waits in `thrown` until the transfer has
// ended.
struct Transfer {
  CURL* curl;
  const std::filesystem::path& path;
  const FetchOptions& options;
  std::uint64_t before = 0;  // bytes that were on the disk and still count
  std::uint64_t received = 0;
  std::unique_ptr<std::FILE, Close> file;  // opened with the first byte, when it is known whether the range is heeded
  std::exception_ptr thrown;
  bool too_large = false;
  bool stalled = false;
  Clock::time_point window_start = Clock::now();  // of the stretch of time over which the speed is measured
  std::uint64_t window_received = 0;              // bytes before it

  [[noreturn]] void cannot_write() const {
    fail(ErrorKind::io, "{}: cannot be written: {}", path.string(), std::strerror(errno));
  }

  bool write(const char* data, std::size_t size) {
    if (!file) {
      long status = 0;
      curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
      if (status != kPartialContent) before = 0;
      file.reset(std::fopen(path.c_str(), before > 0 ? "abe" : "wbe"));
      if (!file) cannot_write();
    }
    received += size;
    too_large = before + received > options.max_bytes;
    if (!too_large && std::fwrite(data, 1, size, file.get()) != size) cannot_write();
    return !too_large;
  }

  // curl's own low-speed limit averages over several seconds, so that a burst hides a stall.
  bool fast_enough() {
    const std::chrono::duration<double> passed = Clock::now() - window_start;
    if (passed < options.stall_limit) return true;
    stalled = static_cast<double>(received - window_received) < kStallBytesPerSecond * passed.count();
    window_start = Clock::now();
    window_received = received;
    return !stalled;
  }
};

std::size_t on_data(char* data, std::size_t, std::size_t size, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  try {
    return transfer.write(data, size) ? size : CURL_WRITEFUNC_ERROR;
  } catch (...) {
    transfer.thrown = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

int on_progress(void* user, curl_off_t total, curl_off_t, curl_off_t, curl_off_t) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  if (!transfer.fast_enough()) return 1;
  if (!transfer.options.progress || !transfer.file) return 0;
  try {
    const auto rest = static_cast<std::uint64_t>(total);
    transfer.options.progress(transfer.before + transfer.received, rest == 0 ? 0 : transfer.before + rest);
    return 0;
  } catch (...) {
    transfer.thrown = std::current_exception();
    return 1;
  }
}

// The server answered, though not always with what was wanted. All else is a name, a connection or a time limit that
// failed.
bool server_is_alive(CURLcode result) {
  return result == CURLE_OK || result == CURLE_HTTP_RETURNED_ERROR || result == CURLE_PARTIAL_FILE ||
         result == CURLE_RECV_ERROR || result == CURLE_WRITE_ERROR || result == CURLE_FILESIZE_EXCEEDED;
}

}  // namespace

bool can_fetch() { return true; }

Fetched fetch(const std::string& url, const std::filesystem::path& path, const FetchOptions& options) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);  // once, by whichever thread comes first
  const std::unique_ptr<CURL, Close> curl(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) throw std::bad_alloc();

  Transfer transfer{.curl = curl.get(), .path = path, .options = options, .file = nullptr, .thrown = nullptr};
  std::error_code missing;
  const std::uintmax_t size = std::filesystem::file_size(path, missing);
  if (!missing) transfer.before = size;
  const std::string range = std::to_string(transfer.before) + "-";
  std::array<char, CURL_ERROR_SIZE> message{};

  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");  // of redirects, too
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, kMaxRedirects);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_NOSIGNAL, 1L);  // signals belong to the program
  set(CURLOPT_USERAGENT, "inkling");
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_limit.count()));
  set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(options.max_bytes));
  set(CURLOPT_ERRORBUFFER, message.data());
  set(CURLOPT_WRITEFUNCTION, on_data);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, on_progress);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(&transfer));
  if (transfer.before > 0) set(CURLOPT_RANGE, range.c_str());

  const CURLcode result = curl_easy_perform(curl.get());
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  if (transfer.file && std::fflush(transfer.file.get()) != 0) transfer.cannot_write();

  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  Fetched fetched{
      .complete = result == CURLE_OK, .alive = server_is_alive(result), .resumed = transfer.before > 0, .reason = ""};
  if (fetched.resumed && result == CURLE_HTTP_RETURNED_ERROR && status == kRangeNotSatisfiable) fetched.complete = true;
  if (transfer.too_large || result == CURLE_FILESIZE_EXCEEDED)
    fetched.reason = fmt::format("sends more than {} bytes", options.max_bytes);
  else if (transfer.stalled)
    fetched.reason =
        fmt::format("stalled: less than 1 KB/s for {} s", 1e-3 * static_cast<double>(options.stall_limit.count()));
  else if (!fetched.complete)
    fetched.reason = message[0] != '\0' ? message.data() : curl_easy_strerror(result);
  return fetched;
}

}  // namespace inkling

#else

namespace inkling {

bool can_fetch() { return false; }

Fetched fetch(const std::string& url, const std::filesystem::path&, const FetchOptions&) {
  fail(ErrorKind::config, "{}: this build cannot download: install libcurl4-openssl-dev and build again", url);
}

}  // namespace inkling

#endif
