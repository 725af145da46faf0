// inkling data: where the data is, fetch it, what is in it, look at it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "app/commands.h"
#include "app/convert.h"
#include "app/draw.h"
#include "app/progress.h"
#include "app/source.h"
#include "app/usage.h"
#include "inkling/core/error.h"
#include "inkling/data/checksum.h"
#include "inkling/data/idx.h"
#include "inkling/data/locate.h"

using inkling::Dataset;
using inkling::ErrorKind;
using inkling::fail;
using inkling::Found;
using nlohmann::ordered_json;

namespace {

constexpr std::size_t kColumns = 80;

// Words in lines of 80 columns behind an indent.
std::string wrap(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = kColumns;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (column + 1 + end > kColumns) {
      out += (out.empty() ? "" : "\n") + std::string(indent, ' ');
      column = indent;
    } else {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// What the checksums of the four parts say.
struct Verdict {
  std::array<std::string, 4> sha256;
  std::vector<std::string_view> others;  // the parts that are not MNIST's

  explicit Verdict(const inkling::DataSplit& data) : sha256(inkling::sha256_of(data.train, data.test)) {
    for (std::size_t part = 0; part < sha256.size(); ++part)
      if (sha256[part] != inkling::kMnistSha256[part]) others.push_back(inkling::kIdxNames[part]);
  }
  bool is_mnist() const { return others.empty(); }
  std::string text() const {
    if (others.empty()) return "all four checksums are MNIST's";
    if (others.size() == sha256.size()) return "none of the checksums is MNIST's";
    return fmt::format("not MNIST's by checksum: {}", fmt::join(others, ", "));
  }
  ordered_json json() const {
    ordered_json sums;
    for (std::size_t part = 0; part < sha256.size(); ++part) sums[std::string(inkling::kIdxNames[part])] = sha256[part];
    return sums;
  }
};

std::string_view name(Found found) {
  switch (found) {
    case Found::nothing: return "nothing";
    case Found::incomplete: return "incomplete";
    case Found::broken: return "broken";
    case Found::another_set: return "another set";
    case Found::complete: return "complete";
  }
  return "unknown";
}

// ---- find

void run_find(bool json) {
  const inkling::SearchRoots roots = inkling::search_roots();
  const std::vector<std::string> mirrors = inkling::mirrors_from_environment();
  ordered_json places = ordered_json::array();
  std::string used;  // empty until it is known
  bool stopped = false;

  const auto row = [&](bool is_used, const std::string& where, const std::string& what) {
    if (json) return;
    constexpr std::size_t kWhere = 32;
    const std::string left = fmt::format("{} {}", is_used ? "->" : "  ", where);
    const std::string right = wrap(what, 3 + kWhere);
    if (left.size() < 3 + kWhere)
      fmt::print("{:<{}}{}\n", left, 3 + kWhere, right.substr(3 + kWhere));
    else
      fmt::print("{}\n{}\n", left, right);
  };

  if (!json) fmt::print("MNIST is looked for in this order; the arrow shows what is used.\n\n");
  for (const inkling::Place& place : inkling::search_places(roots)) {
    const inkling::Finding finding = inkling::examine(place);
    const bool complete = finding.found == Found::complete;
    const bool is_used = used.empty() && !stopped && complete;
    if (is_used) used = place.path.string();
    if (place.chosen && !complete) stopped = true;
    ordered_json entry = {{"path", place.path.string()},
                          {"from", place.chosen ? "$INKLING_DATA" : "default"},
                          {"found", name(finding.found)},
                          {"detail", finding.detail},
                          {"mnist", false}};
    std::string what = finding.detail;
    if (complete) {
      const Verdict verdict(finding.data);
      entry["mnist"] = verdict.is_mnist();
      entry["sha256"] = verdict.json();
      what = fmt::format("{} + {} images of {}x{}, {}", with_commas(finding.data.train.count()),
                         with_commas(finding.data.test.count()), finding.data.train.height, finding.data.train.width,
                         verdict.text());
    }
    places.push_back(entry);
    row(is_used, place.path.string() + (place.chosen ? " ($INKLING_DATA)" : ""), what);
  }

  const bool downloads = inkling::can_fetch() && !mirrors.empty() && !roots.cache.empty();
  const std::string how = !inkling::can_fetch() ? "not built in: install libcurl4-openssl-dev and build again"
                          : mirrors.empty()     ? "forbidden: $INKLING_MIRRORS is empty"
                          : roots.cache.empty() ? "nowhere to: $HOME is not set"
                                                : fmt::format("from {} mirror{} to {}", mirrors.size(),
                                                              mirrors.size() == 1 ? "" : "s", roots.cache.string());
  row(used.empty() && !stopped && downloads, "download", how);
  if (used.empty() && !stopped && downloads) used = "download";
  row(used.empty() && !stopped, "the bundled sample", "4,000 + 1,000 digits, not MNIST's; also where a download fails");
  if (used.empty() && !stopped) used = "sample";

  if (json) {
    const ordered_json report = {
        {"places", places},
        {"download", {{"possible", downloads}, {"mirrors", mirrors}, {"folder", roots.cache.string()}}},
        {"used", stopped ? ordered_json(nullptr) : ordered_json(used)}};
    fmt::print("{}\n", report.dump(2));
  } else if (stopped) {
    fmt::print("\nNothing is used: $INKLING_DATA is never passed over, and cannot be used.\n");
  }
  if (stopped) throw CLI::RuntimeError(1);
}

// ---- info

double ink(const Dataset& data) {
  if (data.count() == 0) return 0;
  const auto background = std::count(data.pixels.begin(), data.pixels.end(), 0);
  return 1 - static_cast<double>(background) / static_cast<double>(data.pixels.size());
}

std::vector<std::size_t> class_counts(const Dataset& data) {
  std::vector<std::size_t> counts(data.class_count());
  for (const std::uint8_t label : data.labels) ++counts[label];
  return counts;
}

ordered_json part_json(const Dataset& data) {
  return {{"images", data.count()}, {"ink", ink(data)}, {"class_counts", class_counts(data)}};
}

void run_info(const SourceArguments& source, bool json) {
  const inkling::DataSplit data = load_source(source, inkling::WithoutTest::none);
  const Dataset& train = data.train;
  const Dataset& test = data.test;
  const Verdict verdict(data);
  if (json) {
    const ordered_json report = {
        {"origin", data.origin},
        {"mnist", verdict.is_mnist()},
        {"sample", data.is_sample},
        {"height", train.height},
        {"width", train.width},
        {"classes", train.class_names},
        {"train", part_json(train)},
        {"test", part_json(test)},
        {"sha256", verdict.json()},
        {"made_test", data.made_test ? ordered_json{{"share", data.made_test->share}, {"seed", data.made_test->seed}}
                                     : ordered_json(nullptr)}};
    fmt::print("{}\n", report.dump(2));
    return;
  }

  fmt::print("{}\n{}x{} pixels, {} classes, {}\n\n", data.origin, train.height, train.width, train.class_count(),
             verdict.text());
  constexpr std::size_t kMostNames = 40;  // guess: columns of the longest name that is told whole
  std::size_t names = 10;                 // columns
  for (const std::string& each : train.class_names) names = std::clamp(columns_of(each) + 1, names, kMostNames);
  fmt::print("{:<{}}{:>18}{:>18}\n", "", names, "train", "test");
  fmt::print("{:<{}}{:>18}{:>18}\n", "images", names, with_commas(train.count()), with_commas(test.count()));
  fmt::print("{:<{}}{:>16.1f} %{:>16.1f} %{}\n\n", "ink", names, 100 * ink(train), 100 * ink(test),
             names == 10 ? "   pixels that are not background" : "");
  const auto train_counts = class_counts(train);
  const auto test_counts = class_counts(test);
  const auto cell = [](std::size_t count, std::size_t all) {
    return fmt::format("{:>9}{:>7.1f} %", with_commas(count),
                       100.0 * static_cast<double>(count) / static_cast<double>(std::max<std::size_t>(1, all)));
  };
  for (std::size_t c = 0; c < train_counts.size(); ++c)
    fmt::print("{:<{}.{}}{}{}\n", train.class_names[c], names, names - 1, cell(train_counts[c], train.count()),
               cell(test_counts[c], test.count()));
}

// ---- show

struct ShowArguments {
  SourceArguments data;
  std::string split;  // empty: the test part, where there is one
  std::optional<std::uint64_t> index;
  std::optional<std::uint64_t> count;
  bool random = false;
};

void run_show(const ShowArguments& arguments) {
  const inkling::DataSplit data = load_source(arguments.data, inkling::WithoutTest::none);
  const bool train = arguments.split == "train" || (arguments.split.empty() && data.test.count() == 0);
  const Dataset& part = train ? data.train : data.test;
  const std::string split = train ? "train" : "test";
  if (part.count() == 0)
    fail(ErrorKind::config, "{}: has no test part; show its images with --split train", data.origin);
  const std::uint64_t first = arguments.index.value_or(0);
  if (first >= part.count())
    fail(ErrorKind::config, "--index {}: the {} part has images 0 to {}", first, split, part.count() - 1);

  constexpr std::size_t kGap = 2;
  const ColorLevel level = color_level(STDOUT_FILENO);
  const std::size_t width = terminal_size(STDOUT_FILENO).columns;
  const std::size_t scale = scale_to_fit(part.width, level, width);
  const std::size_t columns = drawn_columns(part.width, level, scale);
  const std::size_t fitting = std::max<std::size_t>(1, (width + kGap) / (columns + kGap));
  if (scale > 1)
    fmt::print(stderr, "Note      images of {}x{}, {} x {} pixels drawn as one to fit {} columns\n", part.height,
               part.width, scale, scale, width);
  const bool one = arguments.index || arguments.random;
  const std::uint64_t count =
      std::min<std::uint64_t>(arguments.count.value_or(one ? 1 : fitting), part.count() - first);

  std::random_device entropy;
  std::uniform_int_distribution<std::uint64_t> any(0, part.count() - 1);
  std::vector<std::string> row;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t index = arguments.random ? any(entropy) : first + i;
    const std::string caption = fmt::format("{} ({} {})", part.class_names[part.labels[index]], split, index);
    row.push_back(draw_image(part.image(index), part.height, part.width, level, scale) +
                  fmt::format("{:^{}}\n", caption, columns));
    if (row.size() == fitting || i + 1 == count) {
      fmt::print("{}\n", side_by_side(row, kGap));
      row.clear();
    }
  }
}

// ---- get

void run_get(const std::string& folder_argument, const std::vector<std::string>& mirrors) {
  const std::filesystem::path folder =
      folder_argument.empty() ? inkling::search_roots().cache : std::filesystem::path(folder_argument);
  if (folder.empty()) fail(ErrorKind::config, "neither $HOME nor $XDG_CACHE_HOME is set; name a folder by --dir");
  ProgressLine line;
  inkling::DownloadOptions options;
  if (!mirrors.empty()) options.mirrors = mirrors;
  options.note = [&](const std::string& text) {
    line.clear();
    fmt::print(stderr, "{}\n", text);
  };
  options.progress = [&](std::string_view file, std::uint64_t done, std::uint64_t total) {
    if (line.due()) line.show(download_progress(file, done, total));
  };
  inkling::download(folder, options);
  line.clear();
  fmt::print("MNIST is in {}, whole and verified.\n", folder.string());
  if (!folder_argument.empty())
    fmt::print("To use it: --data {}, or INKLING_DATA={}\n", folder.string(), folder.string());
}

constexpr const char* kSourceHelp = "mnist, fashion, sample, or a folder or file, as for train (default: mnist)";

void add_find(CLI::App& data) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* command = data.add_subcommand("find", "Where MNIST is looked for, and what is there");
  command->add_flag("--json", *json, "Print one JSON object");
  command->footer(
      "Exits with 1 when $INKLING_DATA names a place that cannot be used.\n\n"
      "Examples:\n"
      "  inkling data find\n"
      "  INKLING_DATA=~/mnist inkling data find\n"
      "  inkling data find --json");
  command->callback([json] { run_find(*json); });
}

void add_get(CLI::App& data) {
  const auto folder = std::make_shared<std::string>();
  const auto mirrors = std::make_shared<std::vector<std::string>>();
  CLI::App* command = data.add_subcommand("get", "Download MNIST (11 MB) and verify it");
  command->add_option("--dir", *folder, "Where to (default: the user's cache folder)")->type_name("DIR");
  command
      ->add_option("--mirror", *mirrors,
                   "A URL that has the four files; may be given again, the first that works is used")
      ->type_name("URL")
      ->allow_extra_args(false);
  command->footer(
      "A download that was interrupted goes on where it ended. $INKLING_MIRRORS, URLs\n"
      "with spaces between, replaces the public mirrors.\n\n"
      "Examples:\n"
      "  inkling data get\n"
      "  inkling data get --dir data/mnist\n"
      "  inkling data get --mirror http://intranet.example/mnist/");
  command->callback([folder, mirrors] { run_get(*folder, *mirrors); });
}

void add_info(CLI::App& data) {
  const auto source = std::make_shared<SourceArguments>();
  const auto json = std::make_shared<bool>(false);
  CLI::App* command = data.add_subcommand("info", "Counts, sizes, balance and checksums of a data set");
  add_source_options(*command, *source, kSourceHelp);
  command->add_flag("--json", *json, "Print one JSON object");
  command->footer(
      "Examples:\n"
      "  inkling data info\n"
      "  inkling data info --data fashion\n"
      "  inkling data info --data path/to/folder --json");
  command->callback([source, json] { run_info(*source, *json); });
}

void add_show(CLI::App& data) {
  const auto arguments = std::make_shared<ShowArguments>();
  CLI::App* command = data.add_subcommand("show", "Draw images in the terminal, with their labels");
  add_source_options(*command, arguments->data, kSourceHelp);
  command->add_option("--split", arguments->split, "train or test (default: test, where there is one)")
      ->check(CLI::IsMember({"train", "test"}).description(""))
      ->type_name("PART");
  CLI::Option* index = command->add_option("--index", arguments->index, "The image of this number, from 0")
                           ->check(whole_number(0, UINT32_MAX))
                           ->type_name("N");
  command->add_flag("--random", arguments->random, "Images drawn at random")->excludes(index);
  command->add_option("--count", arguments->count, "How many (default: 1, or without --index and --random a row)")
      ->check(whole_number(1, UINT32_MAX))
      ->type_name("N");
  command->footer(
      "Examples:\n"
      "  inkling data show\n"
      "  inkling data show --index 17 --split train\n"
      "  inkling data show --data sample --random --count 6");
  command->callback([arguments] { run_show(*arguments); });
}

}  // namespace

void add_data_command(CLI::App& app) {
  CLI::App* data = app.add_subcommand("data", "Where the data is, fetch it, what is in it, look at it");
  data->require_subcommand(1);
  data->footer(
      "Examples:\n"
      "  inkling data find                       where MNIST was looked for\n"
      "  inkling data get                        download it\n"
      "  inkling data info --data sample         counts, sizes, class balance\n"
      "  inkling data show --random --count 4    look at some digits\n"
      "  inkling data convert mnist -o mnist.npz write them in another form");
  add_find(*data);
  add_get(*data);
  add_info(*data);
  add_show(*data);
  add_convert(*data);
}
