#include "app/source.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/progress.h"
#include "app/usage.h"
#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/locate.h"

namespace fs = std::filesystem;

void add_source_options(CLI::App& command, SourceArguments& arguments, const std::string& help) {
  command.add_option("--data", arguments.source, help)->type_name("SOURCE");
  add_reading_options(command, arguments);
}

void add_reading_options(CLI::App& command, SourceArguments& arguments) {
  command
      .add_option("--test", arguments.test,
                  "Of data without a test part, keep this share of each class for it (0.2: a fifth)")
      ->check(CLI::Validator(
          [](const std::string& text) -> std::string {
            double share = 0;
            const bool number = CLI::detail::lexical_cast(text, share);
            return number && share > 0 && share < 1 ? "" : "expected a share above 0 and below 1, found " + text;
          },
          ""))
      ->type_name("FRACTION");
  command.add_option("--test-seed", arguments.seed, "Which images --test keeps (default: 1)")
      ->check(whole_number(0, UINT32_MAX))
      ->type_name("N");
  command.add_flag("--as-is", arguments.as_is,
                   "Take images as they are: of one size, light ink on dark; prepare nothing");
  command.add_flag("--skip-bad", arguments.skip_bad, "Leave out images that cannot be read, and say which");
  add_table_form_options(command, arguments.table);
}

void add_table_form_options(CLI::App& command, inkling::TableForm& form) {
  const auto add = [&](const char* name, const char* key, const char* help, const char* placeholder) {
    command
        .add_option_function<std::string>(
            name, [&form, key](const std::string& text) { inkling::set_table_form(form, key, text); }, help)
        ->check(CLI::Validator(
            [key](const std::string& text) -> std::string {
              try {
                inkling::TableForm scratch;
                inkling::set_table_form(scratch, key, text);
                return "";
              } catch (const inkling::Error& error) {
                return error.what();
              }
            },
            ""))
        ->type_name(placeholder);
  };
  add("--label", "label", "Which column of a table is the label: first, last or none (default: as its content says)",
      "COLUMN");
  add("--image-size", "image_size", "Height and width of a table's images (default: square)", "HxW");
  add("--transpose", "transpose",
      "Turn images that lie on their side: yes or no (default: those of files named emnist-...)", "WHEN");
}

inkling::DataSplit load_source(const SourceArguments& arguments, inkling::WithoutTest without) {
  ProgressLine line;
  inkling::LoadOptions options;
  options.note = [&](const std::string& text) {
    line.clear();
    fmt::print(stderr, "{}\n", text);
  };
  options.download.progress = [&](std::string_view file, std::uint64_t done, std::uint64_t total) {
    if (line.due()) line.show(download_progress(file, done, total));
  };
  options.read.progress = [&](std::size_t done, std::size_t total) {
    if (line.due()) line.show(reading_progress(arguments.source, done, total));
  };
  options.read.as_is = arguments.as_is;
  options.read.skip_bad = arguments.skip_bad;
  options.read.table = arguments.table;
  options.test = {.share = arguments.test, .seed = arguments.seed.value_or(1), .without = without};
  inkling::DataSplit data = inkling::load_data(arguments.source.empty() ? "mnist" : arguments.source, options);
  line.clear();
  if (data.is_sample)
    fmt::print(stderr,
               "\n"
               "  *****************************************************************************\n"
               "  *  This is the small sample that comes with Inkling, NOT MNIST: its scores  *\n"
               "  *  cannot be compared with MNIST's.    To fetch MNIST: inkling data get     *\n"
               "  *****************************************************************************\n\n");
  return data;
}

inkling::DataSplit load_source(const std::string& source) {
  return load_source({.source = source}, inkling::WithoutTest::all_test);
}

inkling::ImageSet load_images(const std::string& path, const inkling::TableForm& form) {
  ProgressLine line;
  inkling::ReadOptions options;
  options.table = form;
  options.note = [&](const std::string& text) {
    line.clear();
    fmt::print(stderr, "{}\n", text);
  };
  options.progress = [&](std::size_t done, std::size_t total) {
    if (line.due()) line.show(reading_progress(path, done, total));
  };
  inkling::ImageSet images = inkling::read_images(path, options);
  line.clear();
  return images;
}

SourceArguments source_of(const inkling::DataFacts& facts) {
  SourceArguments arguments{.source = facts.source, .as_is = facts.as_is, .skip_bad = facts.skip_bad};
  for (const auto& [key, text] : facts.table_form) inkling::set_table_form(arguments.table, key, text);
  if (facts.made_test) {
    arguments.test = facts.made_test->share;
    arguments.seed = facts.made_test->seed;
  }
  return arguments;
}

std::optional<SourceArguments> source_of_run(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(fs::path(path) / "config.json", ignored)) return std::nullopt;
  const inkling::Bytes text = inkling::read_file(fs::path(path) / "config.json", inkling::kMaxConfigBytes);
  return source_of(
      inkling::history_from_text({reinterpret_cast<const char*>(text.data()), text.size()}, "", path).data);
}

SourceArguments source_to_measure(const SourceArguments& named, const std::string& model) {
  std::optional<SourceArguments> of_run;
  try {
    of_run = source_of_run(model);
  } catch (const inkling::Error& error) {
    fmt::print(stderr, "Note      what the model was trained on cannot be read: {}\n", error.what());
  }
  if (!named.any()) return of_run.value_or(SourceArguments{.source = "mnist"});
  SourceArguments chosen = named;
  if (chosen.source.empty()) chosen.source = of_run ? of_run->source : "mnist";
  std::error_code ignored;
  const bool same =
      of_run && (of_run->source == chosen.source || fs::equivalent(of_run->source, chosen.source, ignored));
  if (same) {
    chosen.as_is = chosen.as_is || of_run->as_is;
    chosen.skip_bad = chosen.skip_bad || of_run->skip_bad;
    if (chosen.table == inkling::TableForm{}) chosen.table = of_run->table;
  }
  if (same && of_run->test && !chosen.test) {
    fmt::print(stderr, "Note      {} was trained on {}: measured on the {:.4g} % that it did not see\n", model,
               chosen.source, 100 * *of_run->test);
    chosen.test = of_run->test;
    if (!chosen.seed) chosen.seed = of_run->seed;
  }
  return chosen;
}
