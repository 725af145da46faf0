// inkling report: a run, or several beside each other, as one page of HTML that needs nothing else.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/commands.h"
#include "app/finished_model.h"
#include "app/source.h"
#include "app/usage.h"
#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/checksum.h"
#include "inkling/data/classes.h"
#include "inkling/data/idx.h"
#include "inkling/data/locate.h"
#include "inkling/data/select.h"
#include "inkling/format/model_file.h"
#include "inkling/report/page.h"
#include "inkling/report/report_data.h"

namespace fs = std::filesystem;
using inkling::ErrorKind;
using inkling::fail;
using inkling::ReportedRun;
using inkling::TestImages;

namespace {

struct ReportArguments {
  std::vector<std::string> runs;
  std::string out;
  std::string data;
  MachineOptions machine;
};

// What a page is made of; models and studies stand still while the runs point at them.
struct Material {
  std::vector<ReportedRun> runs;
  std::vector<std::unique_ptr<inkling::LoadedModel>> models;
  std::vector<std::unique_ptr<inkling::Study>> studies;
  std::optional<TestImages> test;
  std::vector<std::string> notes;  // on the page and on stderr
};

bool same_test_part(const std::array<std::string, 4>& a, const std::array<std::string, 4>& b) {
  return a[inkling::kTestImages] == b[inkling::kTestImages] && a[inkling::kTestLabels] == b[inkling::kTestLabels];
}

TestImages test_images(inkling::DataSplit data) {
  TestImages test{.images = {}, .origin = data.origin, .idx_sha256 = inkling::sha256_of(data.train, data.test)};
  test.images = std::move(data.test);
  return test;
}

// What the runs were tested on, where it is still there; says what is not.
std::optional<TestImages> images_of_the_runs(const std::vector<ReportedRun>& runs, std::vector<std::string>& notes) {
  const inkling::DataFacts& facts = runs.front().history.data;
  inkling::LoadOptions options;
  options.allow_download = false;
  const SourceArguments how = source_of(facts);
  options.read.as_is = how.as_is;
  options.read.skip_bad = how.skip_bad;
  options.test = {.share = how.test, .seed = how.seed.value_or(1), .without = inkling::WithoutTest::all_test};
  options.note = [](const std::string&) {};  // of places passed over: what was found is checked below
  constexpr std::string_view kWithout =
      "so there are no images, no confusion matrix and no calibration here; name the data with --data";
  try {
    TestImages test = test_images(inkling::load_data(facts.source, options));
    if (same_test_part(test.idx_sha256, facts.idx_sha256)) return test;
    notes.push_back(fmt::format("The test images of this run ({}) were not found: {} holds others, {}.", facts.origin,
                                test.origin, kWithout));
  } catch (const inkling::Error& error) {
    notes.push_back(fmt::format("The test images of this run ({}) could not be read ({}), {}.", facts.origin,
                                error.what(), kWithout));
  }
  return std::nullopt;
}

// The test images, as many of them as the runs were tested on.
std::optional<TestImages> choose_images(const ReportArguments& arguments, const std::vector<ReportedRun>& runs,
                                        std::vector<std::string>& notes) {
  std::optional<TestImages> test;
  if (!arguments.data.empty())
    test = test_images(load_source(arguments.data));
  else
    test = images_of_the_runs(runs, notes);
  if (!test) return test;
  for (const ReportedRun& run : runs)
    if (!same_test_part(test->idx_sha256, run.history.data.idx_sha256))
      notes.push_back(
          fmt::format("{} was tested on other images while it trained ({}); everything below that needs "
                      "images was measured on {}.",
                      run.history.folder.string(), run.history.data.origin, test->origin));
  const std::size_t limit = runs.front().history.recipe.limit_test;
  const bool all_limited =
      std::ranges::all_of(runs, [&](const ReportedRun& run) { return run.history.recipe.limit_test == limit; });
  if (arguments.data.empty() && all_limited && limit > 0)
    test->images = inkling::first_images(std::move(test->images), limit);
  if (const auto none = none_class_of(runs.front().history.recipe, test->images); none && arguments.data.empty())
    test->images = inkling::without_class(test->images, *none);
  return test;
}

void take_model(Material& material, ReportedRun& run) {
  std::error_code error;
  if (!fs::exists(run.history.model_path(), error)) {
    material.notes.push_back(
        fmt::format("{} has no model yet: it was stopped before its end, so this page shows its "
                    "curves and options alone.",
                    run.history.folder.string()));
    return;
  }
  material.models.push_back(std::make_unique<inkling::LoadedModel>(inkling::load_model(run.history.model_path())));
  run.model = material.models.back().get();
  if (run.model->model.config().widths != run.history.recipe.saved_widths())
    fail(ErrorKind::shape, "{}: a network of {}, and the run's config.json says {}", run.history.model_path().string(),
         describe(run.model->model.config()), describe(run.history.recipe.network));
}

// The run itself and not a link to it, such as runs/latest, which is another run tomorrow.
fs::path without_link(const fs::path& folder) {
  std::error_code error;
  const fs::path plain = folder.has_filename() ? folder : folder.parent_path();
  if (!fs::is_symlink(plain, error)) return folder;
  const fs::path target = fs::read_symlink(plain, error);
  return error ? folder : plain.parent_path() / target;
}

Material collect(const ReportArguments& arguments) {
  Material material;
  for (const std::string& folder : arguments.runs)
    material.runs.push_back({.history = inkling::read_history(without_link(folder))});
  for (ReportedRun& run : material.runs) take_model(material, run);
  material.test = choose_images(arguments, material.runs, material.notes);
  if (!material.test) return material;
  for (const ReportedRun& run : material.runs)
    if (run.model != nullptr)
      inkling::adopt_classes(material.test->images, run.model->info.class_names, material.test->origin);
  const inkling::Runtime rt = arguments.machine.runtime();
  for (ReportedRun& run : material.runs)
    if (run.model != nullptr) {
      material.studies.push_back(
          std::make_unique<inkling::Study>(inkling::study(rt, run.model->model, material.test->images)));
      run.study = material.studies.back().get();
    }
  return material;
}

void run_report(const ReportArguments& arguments) {
  const inkling::PageCode code = inkling::built_page();
  if (arguments.runs.size() > inkling::kMaxComparedRuns)
    fail(ErrorKind::config, "{} runs are more than the {} that one page can keep apart", arguments.runs.size(),
         inkling::kMaxComparedRuns);
  const Material material = collect(arguments);
  for (const std::string& note : material.notes) fmt::print(stderr, "Note      {}\n", note);
  const TestImages* test = material.test ? &*material.test : nullptr;
  const bool one = material.runs.size() == 1;
  const nlohmann::ordered_json data = one ? inkling::report_of(material.runs.front(), test, material.notes)
                                          : inkling::comparison_of(material.runs, test, material.notes);
  std::string title;
  for (const ReportedRun& run : material.runs)
    title += (title.empty() ? "" : " and ") + run.history.folder.lexically_normal().string();
  const std::string page = inkling::html_page(code, title + " \xE2\x80\x93 Inkling", data);
  const fs::path out = !arguments.out.empty() ? fs::path(arguments.out)
                       : one                  ? material.runs.front().history.folder / "report.html"
                                              : fs::path("comparison.html");
  inkling::write_file_atomically(out, page);
  fmt::print("{}\n", out.string());
  fmt::print(stderr, "Saved {:.0f} KB; open it in a browser\n", static_cast<double>(page.size()) / 1000);
}

}  // namespace

void add_report_command(CLI::App& app) {
  const auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command = app.add_subcommand("report", "Make one page of a run, or compare runs");
  command->add_option("RUN", arguments->runs, "The folder of a run; of several, up to 8, to compare them")
      ->required()
      ->type_name("");
  command
      ->add_option("-o,--out", arguments->out,
                   "The page (default: report.html in the run's folder; comparison.html for several runs)")
      ->type_name("FILE");
  command
      ->add_option("--data", arguments->data,
                   "As for train; its test part is used (default: what the run was tested on, where it is still there)")
      ->type_name("SOURCE");
  add_machine_options(*command, arguments->machine);
  command->footer(
      "The page is one file that needs no network and no server: open it from disk,\n"
      "mail it, print it. It is below 2 MB; where not all images fit it says so.\n\n"
      "Examples:\n"
      "  inkling report runs/latest\n"
      "  inkling report runs/latest -o digits.html\n"
      "  inkling report runs/plain runs/smooth -o smooth.html");
  command->callback([arguments] { run_report(*arguments); });
}
