#include "inkling/report/gnuplot.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/core/file.h"

extern "C" char** environ;

namespace inkling {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kMostSeconds = 60s;                 // guess: a hundred times what a run's charts take
constexpr std::size_t kMostChartBytes = 1u << 26;  // guess: above any chart of ours
constexpr std::size_t kMostWordsBytes = 1u << 20;  // guess: of what gnuplot says
constexpr std::size_t kSaidInErrors = 500;         // guess: letters of it that help

std::string temporary_folder() {
  std::error_code none;
  const fs::path parent = fs::temp_directory_path(none);
  std::string name = ((none ? fs::path("/tmp") : parent) / "inkling-charts-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    fail(ErrorKind::io, "{}: no folder for gnuplot to draw in: {}", name, std::strerror(errno));
  return name;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

std::string for_xml(std::string text) {
  replace_all(text, "&", "&amp;");
  replace_all(text, "<", "&lt;");
  return text;
}

// The SVG with our title for readers of the screen, and with fonts to take where there is no DejaVu.
std::string with_title_and_fonts(const Bytes& bytes, const std::string& title) {
  std::string text(bytes.begin(), bytes.end());
  replace_all(text, "<title>Gnuplot</title>", "<title>" + for_xml(title) + "</title>");
  replace_all(text, "font-family=\":Bold\"", "font-family=\"DejaVu Sans\" font-weight=\"bold\"");
  replace_all(text, "font-family=\"DejaVu Sans\"",
              "font-family=\"DejaVu Sans, Verdana, Helvetica, Arial, sans-serif\"");
  return text;
}

}  // namespace

std::optional<Gnuplot> Gnuplot::start(std::span<const Chart> charts) {
  Gnuplot gnuplot;
  if (charts.empty()) return gnuplot;
  gnuplot.folder_ = temporary_folder();
  std::string script;
  for (const Chart& chart : charts) {
    gnuplot.charts_.emplace_back(chart.name, chart.title);
    script += gnuplot_script(chart);
  }
  write_file_atomically(gnuplot.folder_ / "script", script);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, gnuplot.folder_.c_str());
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "said", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const char* arguments[] = {"gnuplot", "-d", "script", nullptr};
  ::pid_t process = 0;
  const int error =
      ::posix_spawnp(&process, "gnuplot", &actions, nullptr, const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) return std::nullopt;
  if (error != 0) fail(ErrorKind::io, "gnuplot cannot be started: {}", std::strerror(error));
  gnuplot.process_ = process;
  return gnuplot;
}

Gnuplot::Gnuplot(Gnuplot&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      folder_(std::exchange(other.folder_, {})),
      charts_(std::move(other.charts_)) {}

Gnuplot::~Gnuplot() {
  if (process_ != 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

std::string Gnuplot::said() const {
  const Bytes bytes = read_file(folder_ / "said", kMostWordsBytes);
  std::string text(bytes.begin(), bytes.end());
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return text.substr(text.size() - std::min(text.size(), kSaidInErrors));
}

void Gnuplot::finish(const fs::path& folder) {
  const auto until = std::chrono::steady_clock::now() + kMostSeconds;
  int status = 0;
  while (process_ != 0) {
    const ::pid_t ended = ::waitpid(process_, &status, WNOHANG);
    if (ended == process_) process_ = 0;
    if (process_ == 0) break;
    if (ended < 0 && errno != EINTR) fail(ErrorKind::io, "gnuplot cannot be waited for: {}", std::strerror(errno));
    if (std::chrono::steady_clock::now() > until)
      fail(ErrorKind::io, "gnuplot has not drawn the charts in {} s", kMostSeconds.count());
    std::this_thread::sleep_for(2ms);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail(ErrorKind::io, "gnuplot failed: {}", said());
  for (const auto& [name, title] : charts_) {
    std::error_code error;
    for (const char* ending : {".png", ".svg"})
      if (!fs::is_regular_file(folder_ / (name + ending), error))
        fail(ErrorKind::io, "gnuplot has not drawn {}{}: {}", name, ending, said());
    write_file_atomically(folder / (name + ".png"), read_file(folder_ / (name + ".png"), kMostChartBytes));
    write_file_atomically(folder / (name + ".svg"),
                          with_title_and_fonts(read_file(folder_ / (name + ".svg"), kMostChartBytes), title));
  }
}

}  // namespace inkling
