// inkling predict: what a model reads in an image.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "app/commands.h"
#include "app/draw.h"
#include "app/draw_reading.h"
#include "app/model_argument.h"
#include "app/predict_table.h"
#include "app/source.h"
#include "app/usage.h"
#include "inkling/core/error.h"
#include "inkling/data/classes.h"
#include "inkling/image/decode.h"
#include "inkling/inspect/saliency.h"
#include "inkling/reader/reader.h"
#include "inkling/report/reading_picture.h"
#include "inkling/report/sheet.h"

using inkling::ErrorKind;
using inkling::fail;

namespace {

struct PredictArguments {
  std::string model;
  std::vector<std::string> images;
  std::optional<std::uint64_t> index;
  bool random = false;
  SourceArguments data;
  bool json = false;
  bool saliency = false;
  std::string show;
  std::string isa;
  PredictTableArguments table;
};

struct Question {
  std::string name;                   // "digit.png", "image 17 of the test set"
  inkling::Image image;               // as given
  bool as_is = true;                  // read as it stands; otherwise prepared
  std::optional<std::size_t> index;   // in the test set
  std::optional<std::uint8_t> label;  // where it is known
};

Question from_test_set(const PredictArguments& arguments, const inkling::LoadedModel& loaded) {
  inkling::DataSplit data =
      load_source(source_to_measure(arguments.data, arguments.model), inkling::WithoutTest::all_test);
  inkling::adopt_classes(data.test, loaded.info.class_names, data.origin);
  const inkling::Dataset& test = data.test;
  if (test.height != loaded.info.image_height || test.width != loaded.info.image_width)
    fail(ErrorKind::shape, "{}: images of {}x{}; the model reads {}x{}", data.origin, test.height, test.width,
         loaded.info.image_height, loaded.info.image_width);
  std::random_device entropy;
  const std::size_t index =
      arguments.random ? std::uniform_int_distribution<std::size_t>(0, test.count() - 1)(entropy) : *arguments.index;
  if (index >= test.count())
    fail(ErrorKind::config, "--index {}: the test set has images 0 to {}", index, test.count() - 1);
  const inkling::PixelView pixels = test.image(index);
  return {.name = fmt::format("image {} of the test set", index),
          .image = {.height = test.height, .width = test.width, .pixels = {pixels.row(0).begin(), pixels.row(0).end()}},
          .index = index,
          .label = test.labels[index]};
}

// Whether its classes are characters, each a name of one: what the preparation is made for.
bool reads_writing(const inkling::ModelInfo& info) {
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };  // a character of UTF-8
  return std::ranges::all_of(info.class_names,
                             [&](const std::string& name) { return std::ranges::count_if(name, starts) == 1; });
}

Question from_file(const std::string& path, const inkling::ModelInfo& info, bool as_is) {
  Question q{.name = path, .image = inkling::load_image(path), .as_is = as_is, .index = {}, .label = {}};
  const bool fits = q.image.height == info.image_height && q.image.width == info.image_width;
  if (as_is && !fits)
    fail(ErrorKind::shape, "{}: {} pixels wide and {} high; --as-is wants the model's size, {} by {}", path,
         q.image.width, q.image.height, info.image_width, info.image_height);
  if (fits && !reads_writing(info)) q.as_is = true;  // of clothes, say: they fill the image and have no strokes
  return q;
}

nlohmann::ordered_json as_json(const inkling::Image& given, const inkling::Prepared& prepared) {
  const inkling::Box& ink = prepared.ink;
  return {{"given", {{"height", given.height}, {"width", given.width}}},
          {"unchanged", prepared.unchanged},
          {"blank", prepared.blank},
          {"inverted", prepared.inverted},
          {"ink", {{"top", ink.top}, {"left", ink.left}, {"height", ink.height}, {"width", ink.width}}},
          {"stroke_width", prepared.stroke_width},
          {"contrast", prepared.contrast},
          {"lines", prepared.lines}};
}

nlohmann::ordered_json as_json(const Question& q, const inkling::ModelInfo& info, const inkling::Reading& r) {
  const std::string& name = info.class_names[r.best];
  const bool is_digit = !r.refused && name.size() == 1 && name[0] >= '0' && name[0] <= '9';
  nlohmann::ordered_json line = {
      {"image", q.name},
      {"digit", is_digit ? nlohmann::ordered_json(name[0] - '0') : nlohmann::ordered_json(nullptr)},
      {"class", name},
      {"probability", r.probabilities[r.best]},
      {"probabilities", std::vector<double>(r.probabilities.begin(), r.probabilities.end())},
      {"logits", std::vector<double>(r.logits.begin(), r.logits.end())},
      {"refused", r.refused ? nlohmann::ordered_json(*r.refused) : nlohmann::ordered_json(nullptr)}};
  if (info.refusal) {
    line["certainty"] = r.evidence.probability;
    if (info.refusal->has_distance()) line["outlier_score"] = r.evidence.distance;
    if (info.refusal->has_none()) line["none_probability"] = r.evidence.none;
  }
  if (!q.index) line["prepared"] = as_json(q.image, r.prepared);
  if (q.index) line["index"] = *q.index;
  if (q.label) line["label"] = info.class_names.at(*q.label);
  if (q.label) line["correct"] = *q.label == r.best;
  return line;
}

std::string bar(double share, std::size_t width, bool color) {
  std::string text;
  const auto filled = static_cast<std::size_t>(std::lround(share * static_cast<double>(width)));
  for (std::size_t i = 0; i < width; ++i) text += i < filled ? (color ? "█" : "#") : (color ? " " : ".");
  return text;
}

// Where an answer comes from, pixel by pixel, for the class that was read.
using Saliency = inkling::IntegratedGradients;

Saliency saliency_of(const inkling::Runtime& rt, const inkling::Mlp& model, const inkling::Reading& reading) {
  const std::size_t classes[] = {reading.best};
  const std::vector<std::uint8_t>& seen = reading.prepared.digit.pixels;
  return inkling::integrated_gradients(rt, model, {seen.data(), 1, seen.size()}, classes);
}

nlohmann::ordered_json as_json(const Saliency& saliency) {
  const std::span<const float> shares = saliency.shares.view().row(0);
  return {{"method", "integrated_gradients"},
          {"sum", saliency.sum[0]},
          {"difference", saliency.difference[0]},
          {"shares", std::vector<double>(shares.begin(), shares.end())}};
}

// "7 with 99.21 %", or why not.
std::string answer_text(const inkling::ModelInfo& info, const inkling::Reading& reading) {
  const std::string& name = info.class_names[reading.best];
  if (reading.prepared.blank) return "Not a digit: blank";
  if (reading.refused) return fmt::format("Not a digit: {}; the nearest is {}", *reading.refused, name);
  return fmt::format("{} with {:.2f} %", name, 100 * static_cast<double>(reading.probabilities[reading.best]));
}

// The image on the left, beside it what the network saw of it or where the answer comes from, a bar for each class on
// the right; in 80 columns.
void print_answer(const Question& q, const inkling::ModelInfo& info, const inkling::Reading& reading,
                  const Saliency* saliency) {
  const std::span<const float> p = reading.probabilities;
  const std::size_t best = reading.best;
  constexpr std::size_t kColumns = 80, kGap = 2, kName = 8, kLeastBar = 8,
                        kBarFrame = 13;  // the latter: all of a bar's line but bar and name
  const ColorLevel level = color_level(STDOUT_FILENO);
  const bool color = level != ColorLevel::plain;
  std::size_t name = 2;
  for (const std::string& each : info.class_names) name = std::clamp(columns_of(each), name, kName);
  const std::size_t most = color ? 24 : 8;  // columns of a bar
  const std::size_t room = saliency != nullptr ? 28 : kColumns - kBarFrame - name - most;
  const inkling::Image& seen = reading.prepared.digit;
  const std::size_t height = seen.height, width = seen.width, scale = scale_to_fit(width, level, room);
  const bool changed = !q.as_is && !reading.prepared.unchanged;
  std::string drawing = draw_image({seen.pixels.data(), 1, seen.pixels.size()}, height, width, level, scale);
  std::size_t drawn = drawn_columns(width, level, scale);
  if (changed && saliency == nullptr)
    drawing = draw_given_and_seen(q.image, seen, level, kColumns - kBarFrame - name - kLeastBar, drawn);
  if (saliency != nullptr) {
    const std::span<const float> shares = saliency->shares.view().row(0);
    drawing = side_by_side({drawing, draw_signed(shares, height, width, 0, level, scale)}, kGap);
    drawn = 2 * drawn + kGap;
  }
  const std::size_t bar_width = std::min(most, kColumns - std::min(kColumns, drawn + kBarFrame + name));
  std::vector<std::string> bars;
  for (std::size_t c = 0; c < p.size(); ++c)
    bars.push_back(fmt::format("{} {:>{}.8} {} {:6.2f} %", c == best ? '>' : ' ', info.class_names[c], name,
                               bar(static_cast<double>(p[c]), bar_width, color), 100 * static_cast<double>(p[c])));
  const std::size_t lines = static_cast<std::size_t>(std::ranges::count(drawing, '\n'));
  const std::size_t above = lines > bars.size() ? (lines - bars.size()) / 2 : 0;

  fmt::print("{}\n\n", q.name);
  std::size_t begin = 0;
  for (std::size_t row = 0; row < std::max(lines, bars.size()); ++row) {
    const std::size_t end = row < lines ? drawing.find('\n', begin) : begin;
    std::string line = row < lines ? drawing.substr(begin, end - begin) : std::string(drawn, ' ');
    begin = row < lines ? end + 1 : begin;
    if (row >= above && row - above < bars.size()) line += " " + bars[row - above];
    fmt::print("{}\n", line);
  }
  fmt::print("\n{}", answer_text(info, reading));
  if (q.label && reading.refused)
    fmt::print("; the label is {}", info.class_names.at(*q.label));
  else if (q.label)
    fmt::print("{}", *q.label == best ? ": right" : ": wrong, the label is " + info.class_names.at(*q.label));
  fmt::print("\n");
  if (saliency != nullptr)
    fmt::print("{} ink that speaks for {}, {} against it (integrated gradients)\n", color ? "Red:" : "+",
               info.class_names[best], color ? "blue:" : "-");
  if (!q.as_is) fmt::print("{}", describe_preparation(q.image, reading.prepared));
  if (scale > 1 && (!changed || saliency != nullptr))
    fmt::print("Drawn {} x {} pixels as one, to fit {} columns\n", scale, scale, kColumns);
}

void write_shown(const std::string& path, std::span<const Question> questions,
                 std::span<const inkling::Reading> readings, const inkling::ModelInfo& info) {
  std::vector<inkling::ShownReading> shown;
  for (std::size_t k = 0; k < questions.size(); ++k)
    shown.push_back(
        {.name = questions[k].name,
         .answer = readings[k].refused ? "not a digit: " + *readings[k].refused : answer_text(info, readings[k]),
         .given = questions[k].image,
         .prepared = readings[k].prepared});
  inkling::write_png(path, inkling::reading_picture(shown), inkling::kDotsPerInch);
  fmt::print(stderr, "Written: {}\n", path);
}

void run_predict(const PredictArguments& arguments) {
  const inkling::Runtime rt(
      {.threads = 1,
       .isa = arguments.isa.empty() ? std::nullopt : std::optional(inkling::isa_from_name(arguments.isa))});
  const auto model = std::make_shared<const inkling::LoadedModel>(load_named_model(arguments.model));
  const inkling::LoadedModel& loaded = *model;
  if (std::ranges::any_of(arguments.images, is_table)) {
    if (arguments.images.size() > 1 || arguments.saliency)
      fail(ErrorKind::config, "a table is predicted alone: no further files, no --saliency");
    return predict_table(rt, loaded, arguments.images[0], arguments.data.table, arguments.table);
  }
  if (!arguments.table.format.empty() || !arguments.table.output.empty())
    fail(ErrorKind::config, "--format and --output are for the answers to a table: a file of many images");
  std::vector<Question> questions;
  if (arguments.random || arguments.index) questions.push_back(from_test_set(arguments, loaded));
  for (const std::string& path : arguments.images)
    questions.push_back(from_file(path, loaded.info, arguments.data.as_is));

  inkling::Reader reader(model);
  std::vector<inkling::Reading> readings;
  for (std::size_t k = 0; k < questions.size(); ++k) {
    const Question& q = questions[k];
    readings.push_back(q.as_is ? reader.read_as_is(rt, {q.image.pixels.data(), 1, q.image.pixels.size()})
                               : reader.read(rt, q.image));
    const inkling::Reading& reading = readings.back();
    std::optional<Saliency> saliency;
    if (arguments.saliency) saliency = saliency_of(rt, loaded.model, reading);
    if (arguments.json) {
      nlohmann::ordered_json line = as_json(q, loaded.info, reading);
      if (saliency) line["saliency"] = as_json(*saliency);
      fmt::print("{}\n", line.dump());
      continue;
    }
    if (k > 0) fmt::print("\n");
    print_answer(q, loaded.info, reading, saliency ? &*saliency : nullptr);
  }
  if (!arguments.show.empty()) write_shown(arguments.show, questions, readings, loaded.info);
}

}  // namespace

void add_predict_command(CLI::App& app) {
  const auto arguments = std::make_shared<PredictArguments>();
  CLI::App* command = app.add_subcommand("predict", "Read digits");
  command
      ->add_option("MODEL", arguments->model,
                   "A .safetensors file or the folder of a run; left out: digits, which Inkling brings along")
      ->type_name("");
  command
      ->add_option("IMAGE", arguments->images,
                   "PNG or JPEG files of one digit each: photos, scans, drawings, of any size")
      ->type_name("");
  CLI::Option* index =
      command->add_option("--index", arguments->index, "Read this image of the test set, counted from 0")
          ->check(whole_number(0, UINT64_MAX))
          ->type_name("N");
  CLI::Option* random = command->add_flag("--random", arguments->random, "Read any image of the test set");
  index->excludes(random);
  add_source_options(*command, arguments->data, "Whose test set, as for eval (default: the run's; of a file, mnist)");
  command
      ->add_option("--show", arguments->show, "Write a PNG: each image as given, beside it what the network saw of it")
      ->type_name("FILE");
  command->add_flag("--json", arguments->json, "Print a JSON object a line for each image");
  command->add_flag("--saliency", arguments->saliency,
                    "Also draw which ink speaks for the answer and which against it, by integrated gradients");
  add_predict_table_options(*command, arguments->table);
  command->add_option("--isa", arguments->isa, "Instruction set, as for train")->type_name("NAME");
  command->footer(
      "Examples:\n"
      "  inkling predict runs/latest --random\n"
      "  inkling predict runs/latest --index 42 --saliency\n"
      "  inkling predict three.png photo.jpg --show seen.png\n"
      "  inkling predict digits.safetensors three.png seven.png --json\n"
      "  inkling predict runs/latest test.csv --format kaggle -o submission.csv");
  command->callback([arguments] {
    take_default_model(arguments->model, arguments->images);
    if (!arguments->images.empty() && (arguments->index || arguments->random))
      throw CLI::ValidationError("IMAGE", "cannot be given beside --index or --random");
    if (arguments->images.empty() && !arguments->index && !arguments->random)
      throw CLI::ValidationError("IMAGE", "expected images, a table, --index N or --random");
    arguments->table.json = arguments->json;
    run_predict(*arguments);
  });
}
