// inkling predict: what a model reads in an image.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "app/commands.h"
#include "app/draw.h"
#include "app/source.h"
#include "app/usage.h"
#include "inkling/core/error.h"
#include "inkling/data/image.h"
#include "inkling/format/model_file.h"
#include "inkling/model/backprop.h"

using inkling::ErrorKind;
using inkling::fail;

namespace {

struct PredictArguments {
  std::string model;
  std::vector<std::string> images;
  std::optional<std::uint64_t> index;
  bool random = false;
  std::string data = "mnist";
  bool json = false;
  std::string isa;
};

struct Question {
  std::string name;  // "digit.png", "image 17 of the test set"
  inkling::Image image;
  std::optional<std::size_t> index;   // in the test set
  std::optional<std::uint8_t> label;  // where it is known
};

Question from_test_set(const PredictArguments& arguments, const inkling::LoadedModel& loaded) {
  const inkling::DataSplit data = load_source(arguments.data);
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

Question from_file(const std::string& path, const inkling::ModelInfo& info) {
  Question q{.name = path, .image = inkling::read_png(path), .index = {}, .label = {}};
  if (q.image.height != info.image_height || q.image.width != info.image_width)
    fail(ErrorKind::shape,
         "{}: {} pixels wide and {} high; this model reads {} by {}, light ink on a dark ground, and takes an image as "
         "it is: "
         "scale it first",
         path, q.image.width, q.image.height, info.image_width, info.image_height);
  return q;
}

nlohmann::ordered_json as_json(const Question& q, const inkling::ModelInfo& info, std::span<const float> logits,
                               std::span<const float> p, std::size_t best) {
  const std::string& name = info.class_names[best];
  const bool is_digit = name.size() == 1 && name[0] >= '0' && name[0] <= '9';
  nlohmann::ordered_json line = {
      {"image", q.name},
      {"digit", is_digit ? nlohmann::ordered_json(name[0] - '0') : nlohmann::ordered_json(nullptr)},
      {"class", name},
      {"probability", p[best]},
      {"probabilities", std::vector<double>(p.begin(), p.end())},
      {"logits", std::vector<double>(logits.begin(), logits.end())},
      {"refused", nullptr}};
  if (q.index) line["index"] = *q.index;
  if (q.label) line["label"] = info.class_names.at(*q.label);
  if (q.label) line["correct"] = *q.label == best;
  return line;
}

std::string bar(double share, std::size_t width, bool color) {
  std::string text;
  const auto filled = static_cast<std::size_t>(std::lround(share * static_cast<double>(width)));
  for (std::size_t i = 0; i < width; ++i) text += i < filled ? (color ? "█" : "#") : (color ? " " : ".");
  return text;
}

// The image on the left, a bar for each class on the right.
void print_answer(const Question& q, const inkling::ModelInfo& info, std::span<const float> p, std::size_t best) {
  const bool color = stdout_has_color();
  const std::string drawing =
      draw_image({q.image.pixels.data(), 1, q.image.pixels.size()}, q.image.height, q.image.width, color);
  std::vector<std::string> bars;
  for (std::size_t c = 0; c < p.size(); ++c)
    bars.push_back(fmt::format("{} {:>2.8} {} {:6.2f} %", c == best ? '>' : ' ', info.class_names[c],
                               bar(static_cast<double>(p[c]), color ? 24 : 8, color), 100 * static_cast<double>(p[c])));
  const std::size_t lines = static_cast<std::size_t>(std::ranges::count(drawing, '\n'));
  const std::size_t above = lines > bars.size() ? (lines - bars.size()) / 2 : 0;

  fmt::print("{}\n\n", q.name);
  std::size_t begin = 0;
  for (std::size_t row = 0; row < std::max(lines, bars.size()); ++row) {
    const std::size_t end = row < lines ? drawing.find('\n', begin) : begin;
    std::string line =
        row < lines ? drawing.substr(begin, end - begin) : std::string(color ? q.image.width : 2 * q.image.width, ' ');
    begin = row < lines ? end + 1 : begin;
    if (row >= above && row - above < bars.size()) line += " " + bars[row - above];
    fmt::print("{}\n", line);
  }
  fmt::print("\n{} with {:.2f} %", info.class_names[best], 100 * static_cast<double>(p[best]));
  if (q.label)
    fmt::print("{}", *q.label == best ? ": right" : ": wrong, the label is " + info.class_names.at(*q.label));
  fmt::print("\n");
}

void run_predict(const PredictArguments& arguments) {
  const inkling::Runtime rt(
      {.threads = 1,
       .isa = arguments.isa.empty() ? std::nullopt : std::optional(inkling::isa_from_name(arguments.isa))});
  const inkling::LoadedModel loaded = inkling::load_model(arguments.model);
  std::vector<Question> questions;
  if (arguments.random || arguments.index) questions.push_back(from_test_set(arguments, loaded));
  for (const std::string& path : arguments.images) questions.push_back(from_file(path, loaded.info));

  inkling::Workspace ws(loaded.model, 1);
  inkling::Matrix p(1, loaded.model.config().outputs());
  inkling::freeze(rt, loaded.model, ws);
  for (std::size_t k = 0; k < questions.size(); ++k) {
    const Question& q = questions[k];
    inkling::predict(rt, loaded.model, {q.image.pixels.data(), 1, q.image.pixels.size()}, ws, p);
    const std::span<const float> row = p.view().row(0);
    const std::size_t best = inkling::argmax(ws.logits(), inkling::Axis::cols).front();
    if (arguments.json) {
      fmt::print("{}\n", as_json(q, loaded.info, ws.logits().row(0), row, best).dump());
      continue;
    }
    if (k > 0) fmt::print("\n");
    print_answer(q, loaded.info, row, best);
  }
}

}  // namespace

void add_predict_command(CLI::App& app) {
  const auto arguments = std::make_shared<PredictArguments>();
  CLI::App* command = app.add_subcommand("predict", "Read digits");
  command->add_option("MODEL", arguments->model, "A .safetensors file, or the folder of a run")
      ->required()
      ->type_name("");
  CLI::Option* images =
      command->add_option("IMAGE", arguments->images, "PNG files of the model's image size, light ink on a dark ground")
          ->type_name("");
  CLI::Option* index =
      command->add_option("--index", arguments->index, "Read this image of the test set, counted from 0")
          ->check(whole_number(0, UINT64_MAX))
          ->type_name("N");
  CLI::Option* random = command->add_flag("--random", arguments->random, "Read any image of the test set");
  index->excludes(random)->excludes(images);
  random->excludes(images);
  command->add_option("--data", arguments->data, "Whose test set, as for train (default: mnist)")->type_name("SOURCE");
  command->add_flag("--json", arguments->json, "Print a JSON object a line for each image");
  command->add_option("--isa", arguments->isa, "Instruction set, as for train")->type_name("NAME");
  command->footer(
      "Examples:\n"
      "  inkling predict runs/latest --random\n"
      "  inkling predict runs/latest --index 42\n"
      "  inkling predict digits.safetensors three.png seven.png --json");
  command->callback([arguments] {
    if (arguments->images.empty() && !arguments->index && !arguments->random)
      throw CLI::ValidationError("IMAGE", "expected PNG files, --index N or --random");
    run_predict(*arguments);
  });
}
