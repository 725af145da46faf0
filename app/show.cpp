// inkling show: a run or a model as pictures in files.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "app/commands.h"
#include "app/draw_weights.h"
#include "app/interrupt.h"
#include "app/model_argument.h"
#include "app/show_kinds.h"
#include "app/usage.h"
#include "inkling/core/choice.h"
#include "inkling/core/error.h"
#include "inkling/report/gnuplot.h"
#include "inkling/report/sheet.h"

namespace fs = std::filesystem;
using inkling::ErrorKind;
using inkling::fail;

namespace {

struct ShowArguments {
  std::string what;
  std::vector<std::string> names;
  std::string out;
  std::string data;
  ShowOptions options;
  bool list = false;
  bool terminal = false;
  MachineOptions machine;
};

constexpr std::string_view kNoGnuplot =
    "gnuplot is not installed, and draws the charts: install Debian's gnuplot-nox, or its counterpart";

// The kinds that were named, in the table's order; all of them where none was.
std::vector<const ShowKind*> chosen_kinds(const std::vector<std::string>& names) {
  std::vector<std::string_view> known;
  for (const ShowKind& kind : show_kinds()) known.push_back(kind.name);
  std::set<std::size_t> wanted;
  for (const std::string& name : names) try {
      wanted.insert(inkling::choice_index(known, name, "picture"));
    } catch (const inkling::Error& error) {
      throw CLI::ValidationError("NAME", error.what());
    }
  std::vector<const ShowKind*> kinds;
  for (std::size_t k = 0; k < known.size(); ++k)
    if (names.empty() || wanted.contains(k)) kinds.push_back(&show_kinds()[k]);
  return kinds;
}

// RUN/pictures, or NAME-pictures in the working folder for a model file.
fs::path usual_folder(const std::string& what) {
  std::error_code error;
  if (fs::is_directory(what, error)) return fs::path(what) / "pictures";
  return fs::path(fs::path(what).stem().string() + "-pictures");
}

// The folder for the pictures; what was made of it goes again where nothing was put into it.
class PictureFolder {
 public:
  explicit PictureFolder(fs::path path) : path_(std::move(path)) {
    std::error_code error;
    for (fs::path each = path_; !each.empty() && !fs::exists(each, error); each = each.parent_path())
      made_.push_back(each);
    fs::create_directories(path_, error);
    if (error || !fs::is_directory(path_, error))
      fail(ErrorKind::io, "{}: cannot hold pictures: {}; choose another folder with --out", path_.string(),
           error ? error.message() : "it is a file");
  }
  ~PictureFolder() {
    std::error_code ignored;
    for (const fs::path& each : made_)
      if (!fs::remove(each, ignored)) break;
  }
  PictureFolder(const PictureFolder&) = delete;
  PictureFolder& operator=(const PictureFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  std::vector<fs::path> made_;  // the innermost first
};

// Draws, and keeps count of what came and what did not.
class Show {
 public:
  Show(const ShowContext& context, const fs::path& folder) : context_(context), folder_(folder) {}

  void run(const std::vector<const ShowKind*>& kinds) {
    std::vector<const ShowKind*> possible;
    for (const ShowKind* kind : kinds)
      if (const std::string reason = missing(*kind); reason.empty())
        possible.push_back(kind);
      else
        leave_out(*kind, reason);
    // gnuplot draws while the other pictures are made here.
    std::vector<inkling::Chart> charts;
    std::vector<const ShowKind*> chart_kinds;
    for (const ShowKind* kind : possible)
      if (const auto* make = std::get_if<MakeChart>(&kind->make))
        try_one(*kind, [&] {
          charts.push_back((*make)(context_));
          chart_kinds.push_back(kind);
        });
    std::optional<inkling::Gnuplot> gnuplot = inkling::Gnuplot::start(charts);
    for (const ShowKind* kind : possible)
      if (const auto* make = std::get_if<MakePicture>(&kind->make))
        try_one(*kind, [&] {
          inkling::write_png(file(*kind, ".png"), (*make)(context_), inkling::kDotsPerInch);
          came(file(*kind, ".png").string(), *kind);
        });
    if (gnuplot) {
      try {
        gnuplot->finish(folder_);
      } catch (const inkling::Error&) {
        stop_if_asked();  // a terminal's Ctrl-C is gnuplot's, too
        throw;
      }
      for (const ShowKind* kind : chart_kinds)
        came(fmt::format("{}.png, .svg", (folder_ / kind->name).string()), *kind);
    } else if (!charts.empty()) {
      for (const ShowKind* kind : chart_kinds) leave_out(*kind, std::string(kNoGnuplot));
    }
    for (const auto& [reason, names] : left_out_) fmt::print(stderr, "Left out  {}: {}\n", names, reason);
  }

  std::size_t count() const { return count_; }
  bool all_came() const { return left_out_.empty(); }

 private:
  fs::path file(const ShowKind& kind, std::string_view ending) const {
    return folder_ / (std::string(kind.name) + std::string(ending));
  }

  std::string missing(const ShowKind& kind) const {
    const ShowSubject& s = context_.subject;
    if (kind.needs == Needs::run) return s.history ? "" : "a model file knows nothing of its epochs; name the run";
    if (!s.loaded) return s.no_model;
    return kind.needs == Needs::data && !s.data ? s.no_data : "";
  }

  static void stop_if_asked() {
    if (InterruptGuard::signal() != 0) throw CLI::RuntimeError(128 + InterruptGuard::signal());
  }

  // What there is nothing to show of is left out; any other failure is one.
  template <typename Make>
  void try_one(const ShowKind& kind, const Make& make) {
    stop_if_asked();
    try {
      make();
    } catch (const inkling::Error& error) {
      if (error.kind() != ErrorKind::config && error.kind() != ErrorKind::shape) throw;
      leave_out(kind, error.what());
    }
  }

  void came(const std::string& files, const ShowKind& kind) {
    fmt::print("{}\n          {}\n", files, kind.shows);
    std::fflush(stdout);
    ++count_;
  }

  // Names with one reason stand together.
  void leave_out(const ShowKind& kind, const std::string& reason) {
    for (auto& [known, names] : left_out_)
      if (known == reason) {
        names += fmt::format(", {}", kind.name);
        return;
      }
    left_out_.emplace_back(reason, kind.name);
  }

  const ShowContext& context_;
  const fs::path& folder_;
  std::size_t count_ = 0;
  std::vector<std::pair<std::string, std::string>> left_out_;  // reason, and names
};

void show_in_terminal(const ShowArguments& arguments) {
  for (const std::string& name : arguments.names)
    if (name != "weights")
      throw CLI::ValidationError("NAME", fmt::format("'{}' cannot be drawn in a terminal, 'weights' can", name));
  const inkling::Runtime rt = arguments.machine.runtime();
  const inkling::LoadedModel loaded = load_named_model(arguments.what);
  fmt::print("{}",
             draw_weights(rt, loaded.model, loaded.info.image_height, loaded.info.image_width, loaded.info.class_names,
                          color_level(STDOUT_FILENO), terminal_size(STDOUT_FILENO).columns));
}

void run_show(const ShowArguments& arguments) {
  if (arguments.list) {
    for (const ShowKind& kind : show_kinds())
      fmt::print("{:<18} {}{}\n", kind.name, kind.shows,
                 std::holds_alternative<MakeChart>(kind.make) ? " (PNG, SVG)" : " (PNG)");
    return;
  }
  if (arguments.terminal) return show_in_terminal(arguments);
  const std::vector<const ShowKind*> kinds = chosen_kinds(arguments.names);
  inkling::text_width("", {});  // a build without words should say so before any work
  const inkling::Runtime rt = arguments.machine.runtime();
  ShowSubject subject(rt, arguments.what, arguments.data);
  const PictureFolder folder(arguments.out.empty() ? usual_folder(arguments.what) : fs::path(arguments.out));
  const InterruptGuard guard;  // gnuplot's folder goes before the program does
  const ShowContext context{.rt = rt, .subject = subject, .options = arguments.options};
  Show show(context, folder.path());
  show.run(kinds);
  if (show.count() == 0) fail(ErrorKind::config, "{}: no picture could be made", arguments.what);
  if (!arguments.names.empty() && !show.all_came()) throw CLI::RuntimeError(1);
}

}  // namespace

void add_show_command(CLI::App& app) {
  const auto arguments = std::make_shared<ShowArguments>();
  CLI::App* command = app.add_subcommand("show", "Draw a run or a model as pictures in files");
  command->add_option("WHAT", arguments->what, "The folder of a run, or a .safetensors file")->type_name("");
  command->add_option("NAME", arguments->names, "Pictures to draw, as --list names them (default: all)")->type_name("");
  command
      ->add_option("-o,--out", arguments->out,
                   "Folder for the pictures, made where it is not there; files of the same name are replaced (default: "
                   "pictures in the run's folder, MODEL-pictures for a model file)")
      ->type_name("DIR");
  command
      ->add_option("--data", arguments->data,
                   "Whose images, as for train (default: those of the run; for a model file that reads them, mnist)")
      ->type_name("SOURCE");
  command
      ->add_option("--index", arguments->options.index,
                   "The test image whose activations and saliency are drawn, counted from 0 (default: 0)")
      ->check(whole_number(0, UINT64_MAX))
      ->type_name("N");
  command
      ->add_option("--against", arguments->options.against,
                   "Draw the line from this model instead of from the run's start; same widths and activations")
      ->type_name("MODEL");
  command->add_flag("--list", arguments->list, "Print the names of all pictures and exit");
  command->add_flag("--terminal", arguments->terminal, "Draw the weights in the terminal instead of into a file");
  add_machine_options(*command, arguments->machine);
  command->footer(
      "Charts are drawn by gnuplot (Debian: gnuplot-nox); without it all other pictures\n"
      "still come. What cannot be drawn is named on stderr; that is a failure only when\n"
      "it was asked for by its name, or when nothing could be drawn.\n\n"
      "Examples:\n"
      "  inkling show runs/latest\n"
      "  inkling show runs/latest loss accuracy -o figures\n"
      "  inkling show runs/latest saliency activations --index 340\n"
      "  inkling show digits.safetensors weights preferred\n"
      "  inkling show runs/a line --against runs/b\n"
      "  inkling show runs/latest weights --terminal");
  command->callback([arguments] {
    if (arguments->what.empty() && !arguments->list)
      throw CLI::ValidationError("WHAT", "expected the folder of a run, or a model file");
    run_show(*arguments);
  });
}
