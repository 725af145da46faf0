// Downloads from a server on loopback that does everything a server can do wrong.
#include "inkling/data/download.h"

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "inkling/data/checksum.h"
#include "inkling/data/gzip.h"
#include "tests/data/http_server.h"
#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

class Download : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_fetch()) GTEST_SKIP() << "built without libcurl";
    ::setenv("no_proxy", "127.0.0.1", 1);
    std::mt19937 random(1);
    for (const std::string name : {"one.gz", "two.gz", "three.gz"}) {
      Bytes content(30000);
      for (std::uint8_t& byte : content) byte = static_cast<std::uint8_t>(random());
      options_.files.push_back({name, sha256({content})});
      files_.push_back(gzip(content));
    }
    options_.fetch.connect_limit = std::chrono::milliseconds(500);
    options_.fetch.stall_limit = std::chrono::milliseconds(500);
  }

  const Bytes& wanted(const std::string& path) const {
    for (std::size_t i = 0; i < files_.size(); ++i)
      if ("/" + options_.files[i].name == path) return files_[i];
    throw std::runtime_error("nobody asked for " + path);
  }
  // A server that does what it should.
  HttpAnswer good(const HttpRequest& request) const {
    const Bytes& file = wanted(request.path);
    if (!request.range_start) return {.body = file};
    const std::size_t start = *request.range_start;
    if (start >= file.size()) return {.status = "416 Range Not Satisfiable"};
    return {.status = "206 Partial Content",
            .headers = fmt::format("Content-Range: bytes {}-{}/{}\r\n", start, file.size() - 1, file.size()),
            .body = Bytes(file.begin() + static_cast<std::ptrdiff_t>(start), file.end())};
  }
  HttpServer::Handler good() {
    return [this](const HttpRequest& request) { return good(request); };
  }

  // One that falls silent within every file.
  HttpServer::Handler stalled() {
    return [this](const HttpRequest& request) {
      HttpAnswer answer = good(request);
      answer.sent = 10000;
      answer.stalls = true;
      return answer;
    };
  }

  void get(const std::vector<std::string>& mirrors) {
    options_.mirrors = mirrors;
    download(folder_.path(), options_);
  }
  auto getting(const std::vector<std::string>& mirrors) {
    return [this, mirrors] { get(mirrors); };
  }
  Bytes on_disk(const std::string& name) const { return read_file(folder_ / name, 1u << 20); }
  void put(const std::string& name, const Bytes& bytes) { write_file_atomically(folder_ / name, bytes); }
  Bytes beginning(std::size_t size) const {
    return {files_[0].begin(), files_[0].begin() + static_cast<std::ptrdiff_t>(size)};
  }

  bool all_there() const {
    for (std::size_t i = 0; i < files_.size(); ++i)
      if (on_disk(options_.files[i].name) != files_[i]) return false;
    return std::distance(fs::directory_iterator(folder_.path()), {}) == static_cast<std::ptrdiff_t>(files_.size());
  }
  bool nothing_there() const { return fs::is_empty(folder_.path()); }
  // One file is enough for what concerns each file alone.
  void only_one_file() {
    options_.files.resize(1);
    files_.resize(1);
  }

  Scratch folder_;
  DownloadOptions options_{.mirrors = {}, .files = {}};
  std::vector<Bytes> files_;  // as they lie on the mirror
};

// A port on which nobody listens: bound, so that nobody else gets it, but not listening.
class ClosedPort {
 public:
  ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~ClosedPort() { ::close(socket_); }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

TEST_F(Download, EveryFileArrivesUnderItsName) {
  HttpServer server(good());
  get({server.url()});
  EXPECT_TRUE(all_there());
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(Download, AMirrorsUrlMayLackItsSlash) {
  HttpServer server(good());
  std::string url = server.url();
  url.pop_back();
  get({url});
  EXPECT_TRUE(all_there());
}

TEST_F(Download, TheFolderIsMadeAndAFailureLeavesNoEmptyOne) {
  HttpServer server(good());
  options_.mirrors = {server.url()};
  download(folder_ / "a/b", options_);
  EXPECT_TRUE(fs::exists(folder_ / "a/b/three.gz"));
  options_.mirrors = {ClosedPort().url()};
  EXPECT_THROW(download(folder_ / "c", options_), Error);
  EXPECT_FALSE(fs::exists(folder_ / "c"));
}

TEST_F(Download, WholeFilesAreLeftAloneAndDamagedOnesReplaced) {
  HttpServer server(good());
  get({server.url()});
  get({server.url()});
  EXPECT_EQ(server.requests().size(), 3u);
  Bytes damaged = files_[1];
  damaged[100] ^= 1;
  put("two.gz", damaged);
  get({server.url()});
  EXPECT_TRUE(all_there());
  EXPECT_EQ(server.requests().size(), 4u);
}

TEST_F(Download, ARedirectIsFollowed) {
  HttpServer server(good());
  HttpServer redirecting([&](const HttpRequest& request) {
    return HttpAnswer{.status = "302 Found", .headers = "Location: " + server.url() + request.path.substr(1) + "\r\n"};
  });
  get({redirecting.url()});
  EXPECT_TRUE(all_there());
}

TEST_F(Download, RedirectsWithoutEndOrToAFileAreRefused) {
  HttpServer endless([&](const HttpRequest& request) {
    return HttpAnswer{.status = "302 Found", .headers = "Location: " + request.path + "\r\n"};
  });
  EXPECT_TRUE(refuses(ErrorKind::io, "redirects", getting({endless.url()})));
  EXPECT_LT(endless.requests().size(), 10u);
  put("secret", files_[0]);
  HttpServer sly([&](const HttpRequest&) {
    return HttpAnswer{.status = "302 Found", .headers = "Location: file://" + (folder_ / "secret").string() + "\r\n"};
  });
  EXPECT_TRUE(refuses(ErrorKind::io, "Protocol \"file\" not supported", getting({sly.url()})));
}

TEST_F(Download, AMissingFileIsSaidWithItsStatusAndTheNextMirrorAsked) {
  HttpServer without([](const HttpRequest&) { return HttpAnswer{.status = "404 Not Found", .body = Bytes(50, 'x')}; });
  EXPECT_TRUE(refuses(ErrorKind::io, "404", getting({without.url()})));
  EXPECT_TRUE(nothing_there());
  HttpServer server(good());
  get({without.url(), server.url()});
  EXPECT_TRUE(all_there());
}

TEST_F(Download, ATruncatedFileNeverTakesItsNameAndIsCompletedLater) {
  only_one_file();
  HttpServer breaking([&](const HttpRequest& request) {
    HttpAnswer answer = good(request);
    answer.sent = 10000;
    return answer;
  });
  EXPECT_TRUE(refuses(ErrorKind::io, "remaining to read", getting({breaking.url()})));
  EXPECT_FALSE(fs::exists(folder_ / "one.gz"));
  EXPECT_EQ(on_disk("one.gz.part"), beginning(10000));

  HttpServer server(good());
  get({server.url()});
  EXPECT_TRUE(all_there());
  EXPECT_EQ(server.requests().at(0).range_start, 10000u);
}

TEST_F(Download, ABrokenConnectionIsCompletedByTheNextMirror) {
  HttpServer breaking([&](const HttpRequest& request) {
    HttpAnswer answer = good(request);
    answer.sent = 10000;
    return answer;
  });
  HttpServer server(good());
  get({breaking.url(), server.url()});
  EXPECT_TRUE(all_there());
  EXPECT_EQ(server.requests().at(0).range_start, 10000u);
}

TEST_F(Download, ATruncatedFileOfUnknownLengthIsFoundByItsChecksum) {
  only_one_file();
  HttpServer breaking(
      [&](const HttpRequest&) { return HttpAnswer{.body = files_[0], .sent = 10000, .states_length = false}; });
  EXPECT_TRUE(refuses(ErrorKind::io, "truncated or corrupt", getting({breaking.url()})));
  EXPECT_TRUE(nothing_there());
}

TEST_F(Download, CorruptAndFalseContentIsDeletedAndTheNextMirrorAsked) {
  only_one_file();
  HttpServer corrupt([&](const HttpRequest&) {
    HttpAnswer answer{.body = files_[0]};
    answer.body[5000] ^= 1;
    return answer;
  });
  HttpServer false_content([&](const HttpRequest&) { return HttpAnswer{.body = gzip(Bytes(30000, 1))}; });
  HttpServer web_page([&](const HttpRequest&) { return HttpAnswer{.body = Bytes(1000, '<')}; });
  EXPECT_TRUE(refuses(ErrorKind::io, "truncated or corrupt", getting({corrupt.url()})));
  EXPECT_TRUE(refuses(ErrorKind::io, "wrong content: SHA-256", getting({false_content.url()})));
  EXPECT_TRUE(refuses(ErrorKind::io, "expected a gzip file", getting({web_page.url()})));
  EXPECT_TRUE(nothing_there());
  HttpServer server(good());
  get({corrupt.url(), false_content.url(), web_page.url(), server.url()});
  EXPECT_TRUE(all_there());
  EXPECT_EQ(server.requests().at(0).range_start, std::nullopt) << "nothing of the wrong content was kept";
}

TEST_F(Download, AnEmptyAnswerIsRefused) {
  only_one_file();
  HttpServer empty([](const HttpRequest&) { return HttpAnswer{}; });
  EXPECT_TRUE(refuses(ErrorKind::io, "cannot be downloaded", getting({empty.url()})));
  EXPECT_TRUE(nothing_there());
}

TEST_F(Download, AStalledMirrorIsGivenUpInTimeAndItsBytesAreKept) {
  HttpServer stalling(stalled());
  const auto start = Clock::now();
  EXPECT_TRUE(refuses(ErrorKind::io, "stalled: less than 1 KB/s for 0.5 s", getting({stalling.url()})));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(4));
  EXPECT_EQ(on_disk("one.gz.part"), beginning(10000));
}

TEST_F(Download, AStalledMirrorIsAskedForNoOtherFile) {
  HttpServer stalling(stalled());
  HttpServer server(good());
  get({stalling.url(), server.url()});
  EXPECT_TRUE(all_there());
  EXPECT_EQ(stalling.requests().size(), 1u);
  EXPECT_EQ(server.requests().at(0).range_start, 10000u);
}

TEST_F(Download, APartialFileIsCompletedByARange) {
  only_one_file();
  put("one.gz.part", beginning(12345));
  HttpServer server(good());
  get({server.url()});
  EXPECT_TRUE(all_there());
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].range_start, 12345u);
}

TEST_F(Download, AServerThatIgnoresTheRangeStartsOver) {
  only_one_file();
  put("one.gz.part", beginning(12345));
  HttpServer server([&](const HttpRequest& request) { return HttpAnswer{.body = wanted(request.path)}; });
  get({server.url()});
  EXPECT_TRUE(all_there());
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(Download, ACorruptPartialFileIsDeletedAndFetchedOnceMoreFromTheStart) {
  only_one_file();
  put("one.gz.part", Bytes(12345, 7));
  HttpServer server(good());
  get({server.url()});
  EXPECT_TRUE(all_there());
  ASSERT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(server.requests()[0].range_start, 12345u);
  EXPECT_EQ(server.requests()[1].range_start, std::nullopt);
}

TEST_F(Download, APartialFileThatIsWholeOrTooLongIsDealtWith) {
  only_one_file();
  put("one.gz.part", files_[0]);  // ended between the last byte and the renaming
  HttpServer server(good());
  get({server.url()});
  EXPECT_TRUE(all_there());
  EXPECT_EQ(server.requests().size(), 1u);

  fs::remove(folder_ / "one.gz");
  put("one.gz.part", Bytes(40000, 7));
  get({server.url()});
  EXPECT_TRUE(all_there());
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(Download, ADeadMirrorIsSkippedAndTheSecondUsed) {
  const ClosedPort dead;
  HttpServer server(good());
  get({dead.url(), server.url()});
  EXPECT_TRUE(all_there());
}

TEST_F(Download, WithNoNetworkItFailsSoonAndSaysWhatToDo) {
  const ClosedPort first, second;
  const auto start = Clock::now();
  const auto call = getting({first.url(), second.url()});
  EXPECT_TRUE(refuses(ErrorKind::io, first.url(), call));
  EXPECT_TRUE(refuses(ErrorKind::io, second.url(), call));
  EXPECT_TRUE(refuses(ErrorKind::io, "put one.gz, two.gz, three.gz into\n  " + folder_.path().string(), call));
  EXPECT_TRUE(refuses(ErrorKind::io, "--data sample", call));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
  EXPECT_TRUE(nothing_there());
}

TEST_F(Download, AMirrorWithoutANameOrWithAnotherProtocolIsRefused) {
  put("one.gz", files_[0]);
  Scratch elsewhere;
  options_.mirrors = {"file://" + folder_.path().string()};
  EXPECT_TRUE(refuses(ErrorKind::io, "not supported", [&] { download(elsewhere.path(), options_); }));
  options_.mirrors = {"http://mnist.invalid/"};
  EXPECT_TRUE(refuses(ErrorKind::io, "mnist.invalid", [&] { download(elsewhere.path(), options_); }));
}

TEST_F(Download, MoreBytesThanTheLimitAreRefused) {
  only_one_file();
  options_.fetch.max_bytes = 20000;
  for (const bool states_length : {true, false}) {
    HttpServer server(
        [&](const HttpRequest&) { return HttpAnswer{.body = files_[0], .states_length = states_length}; });
    EXPECT_TRUE(refuses(ErrorKind::io, "sends more than 20000 bytes", getting({server.url()})));
    EXPECT_FALSE(fs::exists(folder_ / "one.gz"));
  }
}

TEST_F(Download, AFolderThatCannotBeMadeIsRefused) {
  put("file", Bytes{1});
  options_.mirrors = {ClosedPort().url()};
  EXPECT_TRUE(refuses(ErrorKind::io, "cannot be made", [&] { download(folder_ / "file/below", options_); }));
}

TEST_F(Download, AFileThatCannotBeWrittenIsAnErrorAndNotTheMirrorsFault) {
  HttpServer server(good());
  fs::create_directory(folder_ / "one.gz.part");
  EXPECT_TRUE(refuses(ErrorKind::io, "one.gz.part: cannot be written", getting({server.url()})));
}

TEST_F(Download, ProgressIsReportedAndMayEndTheTransfer) {
  HttpServer server(good());
  std::uint64_t last = 0;
  options_.progress = [&](std::string_view file, std::uint64_t done, std::uint64_t total) {
    if (file != "one.gz") return;
    EXPECT_GE(done, last);
    EXPECT_EQ(total, files_[0].size());
    last = done;
  };
  get({server.url()});
  EXPECT_EQ(last, files_[0].size());

  fs::remove(folder_ / "one.gz");
  options_.progress = [](std::string_view, std::uint64_t, std::uint64_t) { throw std::runtime_error("enough"); };
  EXPECT_THROW(get({server.url()}), std::runtime_error);
  EXPECT_FALSE(fs::exists(folder_ / "one.gz"));
}

TEST_F(Download, TwoAtOnceTakeTurns) {
  std::atomic<int> failures{0}, waits{0};
  options_.note = [&](const std::string& text) { waits += text.find("waiting for another process") != text.npos; };
  HttpServer server([&](const HttpRequest& request) {  // slow enough for the second to come while the first is at work
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return good(request);
  });
  options_.mirrors = {server.url()};
  const auto work = [&] {
    try {
      download(folder_.path(), options_);
    } catch (const std::exception&) {
      ++failures;
    }
  };
  std::thread first(work), second(work);
  first.join();
  second.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(waits, 1);
  EXPECT_TRUE(all_there());
  EXPECT_EQ(server.requests().size(), 3u) << "each file was asked for once";
}

TEST_F(Download, MirrorsComeFromTheEnvironment) {
  const char* before = std::getenv("INKLING_MIRRORS");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("INKLING_MIRRORS", " http://a/ \t http://b/c ", 1);
  EXPECT_EQ(mirrors_from_environment(), (std::vector<std::string>{"http://a/", "http://b/c"}));
  ::setenv("INKLING_MIRRORS", "", 1);
  EXPECT_TRUE(mirrors_from_environment().empty());
  EXPECT_TRUE(refuses(ErrorKind::config, "$INKLING_MIRRORS is empty", getting({})));
  ::unsetenv("INKLING_MIRRORS");
  EXPECT_EQ(mirrors_from_environment().size(), 2u);
  for (const std::string& mirror : mirrors_from_environment()) EXPECT_TRUE(mirror.starts_with("https://")) << mirror;
  if (before != nullptr) ::setenv("INKLING_MIRRORS", kept.c_str(), 1);
}

TEST_F(Download, MnistIsFourFilesWithTheirPublishedChecksums) {
  const auto files = mnist_remote_files();
  ASSERT_EQ(files.size(), 4u);
  EXPECT_EQ(files[2].name, "t10k-images-idx3-ubyte.gz");
  EXPECT_EQ(files[2].sha256, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7");
}

}  // namespace
}  // namespace inkling
