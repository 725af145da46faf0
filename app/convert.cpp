#include "app/convert.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "app/progress.h"
#include "app/source.h"
#include "inkling/core/error.h"
#include "inkling/data/write_source.h"

namespace fs = std::filesystem;
using inkling::ErrorKind;
using inkling::fail;
using inkling::OutputForm;

namespace {

struct ConvertArguments {
  SourceArguments source;
  std::string output;
  std::string form;
  std::string part;  // empty: all there is
  bool force = false;
};

OutputForm form_of(const ConvertArguments& arguments) {
  if (!arguments.form.empty()) return inkling::choice_from_name<OutputForm>(arguments.form, "--to");
  if (const auto form = inkling::output_form(arguments.output)) return *form;
  fail(ErrorKind::config, "{}: its name does not say the form; choose one by --to: {}", arguments.output,
       fmt::join(inkling::choice_names(OutputForm{}), ", "));
}

bool is_file(OutputForm form, bool two_parts) {
  return form == OutputForm::npz || (!two_parts && (form == OutputForm::csv || form == OutputForm::csv_gz));
}

void check_output(const ConvertArguments& arguments, const fs::path& output) {
  std::error_code ignored;
  const fs::path parent = output.has_parent_path() ? output.parent_path() : ".";
  if (!fs::is_directory(parent, ignored)) fail(ErrorKind::io, "{}: no such folder", parent.string());
  if (fs::exists(fs::symlink_status(output, ignored)) && !arguments.force)
    fail(ErrorKind::config, "{}: is there already; --force replaces it", arguments.output);
  // What is replaced must not be where the data comes from.
  const std::string& source = arguments.source.source;
  if (source == "mnist" || source == "fashion" || source == "sample") return;
  const fs::path from = fs::weakly_canonical(source, ignored), to = fs::weakly_canonical(output, ignored);
  if (std::mismatch(to.begin(), to.end(), from.begin(), from.end()).first == to.end())
    fail(ErrorKind::config, "{}: holds the data that is to be converted; name another", arguments.output);
}

void run_convert(const ConvertArguments& arguments) {
  const OutputForm form = form_of(arguments);
  fs::path output = arguments.output;
  if (!output.has_filename()) output = output.parent_path();  // "folder/"
  check_output(arguments, output);
  inkling::DataSplit data = load_source(arguments.source, inkling::WithoutTest::none);
  inkling::SourceParts parts;
  const bool has_test = data.test.count() > 0;
  if (arguments.part == "test") {
    if (!has_test) fail(ErrorKind::config, "{}: has no test part", data.origin);
    parts.train = std::move(data.test);
  } else {
    parts.train = std::move(data.train);
    if (has_test && arguments.part.empty()) parts.test = std::move(data.test);
  }
  if (parts.test && !is_file(form, true) && inkling::output_form(arguments.output))
    fail(
        ErrorKind::config,
        "{}: {} has two parts, which are two tables: choose one by --split train or --split test, or name a folder and "
        "--to {}",
        arguments.output, data.origin, name(form));

  ProgressLine line;
  inkling::write_source(parts, form, output, [&](std::size_t done, std::size_t total) {
    if (line.due()) line.show(writing_progress(arguments.output, done, total));
  });
  line.clear();
  const std::size_t test = parts.test ? parts.test->count() : 0;
  fmt::print("{}: {} images of {}x{}, {} classes, written as {}\n", arguments.output,
             test > 0 ? fmt::format("{} + {}", with_commas(parts.train.count()), with_commas(test))
                      : with_commas(parts.train.count()),
             parts.train.height, parts.train.width, parts.train.class_count(), name(form));
}

}  // namespace

void add_convert(CLI::App& data) {
  const auto arguments = std::make_shared<ConvertArguments>();
  CLI::App* command = data.add_subcommand("convert", "Write a data set in another form");
  command->add_option("SOURCE", arguments->source.source, "What to convert: as for --data of train")
      ->required()
      ->type_name("");
  command->add_option("-o,--output", arguments->output, "The file or folder to write; not there yet, unless --force")
      ->required()
      ->type_name("OUT");
  command
      ->add_option("--to", arguments->form,
                   "idx, idx.gz, csv, csv.gz, png (a folder for each class) or npz (default: as OUT's name says)")
      ->check(CLI::IsMember({"idx", "idx.gz", "csv", "csv.gz", "png", "npz"}).description(""))
      ->type_name("FORM");
  command->add_option("--split", arguments->part, "Only this part: train or test (default: all there is)")
      ->check(CLI::IsMember({"train", "test"}).description(""))
      ->type_name("PART");
  command->add_flag("--force", arguments->force, "Replace what is there");
  add_reading_options(*command, arguments->source);
  command->footer(
      "The output appears whole or not at all. Classes keep their names; a folder of\n"
      "images is sorted by class. A table gets a header: label,1x1,1x2,...\n\n"
      "Examples:\n"
      "  inkling data convert mnist -o digits --to png\n"
      "  inkling data convert mnist_train.csv -o mnist --to idx.gz --test 0.1\n"
      "  inkling data convert emnist/emnist-letters -o letters.npz\n"
      "  inkling data convert my-digits/ -o my-digits.csv");
  command->callback([arguments] { run_convert(*arguments); });
}
