#include "app/predict_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/progress.h"
#include "app/source.h"
#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/classes.h"
#include "inkling/model/backprop.h"
#include "inkling/reader/refusal.h"

namespace fs = std::filesystem;
using inkling::ErrorKind;
using inkling::fail;

namespace {

struct Answer {
  std::size_t best = 0;
  float probability = 0;
  std::optional<std::string> refused{};  // why it is none
};

// Labels as the numbers of the model's classes; none where the images have none.
std::vector<std::uint8_t> labels_for(const inkling::ImageSet& images, const inkling::ModelInfo& info,
                                     const std::string& path) {
  if (images.labels.empty()) return {};
  inkling::Dataset data;
  data.labels = images.labels;
  data.class_names = images.class_names;
  inkling::adopt_classes(data, info.class_names, path);
  return data.labels;
}

// As a CSV field.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

nlohmann::ordered_json as_json(std::size_t index, const inkling::ModelInfo& info, const Answer& answer,
                               std::span<const float> p, const std::vector<std::uint8_t>& labels) {
  const std::string& name = info.class_names[answer.best];
  const bool is_digit = !answer.refused && name.size() == 1 && name[0] >= '0' && name[0] <= '9';
  nlohmann::ordered_json line = {
      {"index", index},
      {"digit", is_digit ? nlohmann::ordered_json(name[0] - '0') : nlohmann::ordered_json(nullptr)},
      {"class", name},
      {"probability", answer.probability},
      {"probabilities", std::vector<double>(p.begin(), p.end())}};
  line["refused"] = answer.refused ? nlohmann::ordered_json(*answer.refused) : nlohmann::ordered_json(nullptr);
  if (!labels.empty()) line["label"] = info.class_names[labels[index]];
  if (!labels.empty()) line["correct"] = labels[index] == answer.best;
  return line;
}

std::string format_of(const PredictTableArguments& arguments) {
  if (arguments.json) return "json";
  if (!arguments.format.empty()) return arguments.format;
  return arguments.output.empty() ? "text" : "csv";
}

}  // namespace

void add_predict_table_options(CLI::App& command, PredictTableArguments& arguments) {
  command
      .add_option(
          "--format", arguments.format,
          "Of the answers to a table: text, csv (index,class,probability,refused) or kaggle (ImageId,Label) (default: "
          "text; of --output, csv)")
      ->check(CLI::IsMember({"text", "csv", "kaggle"}).description(""))
      ->type_name("FORM");
  command
      .add_option("-o,--output", arguments.output, "Write the answers to a table into this file, whole or not at all")
      ->type_name("FILE");
}

bool is_table(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return false;
  try {
    return inkling::source_kind(path) != inkling::SourceKind::image_file;
  } catch (const inkling::Error&) {
    return fs::is_directory(path, ignored);
  }
}

void predict_table(const inkling::Runtime& rt, const inkling::LoadedModel& loaded, const std::string& path,
                   const inkling::TableForm& form, const PredictTableArguments& arguments) {
  const std::string format = format_of(arguments);
  const inkling::ModelInfo& info = loaded.info;
  const inkling::ImageSet images = load_images(path, form);
  if (images.height != info.image_height || images.width != info.image_width)
    fail(ErrorKind::shape, "{}: images of {}x{}; the model reads {}x{}", path, images.height, images.width,
         info.image_height, info.image_width);
  const std::vector<std::uint8_t> labels = labels_for(images, info, path);

  constexpr std::size_t kBatch = 2048;  // guess: as in evaluate
  const std::size_t count = images.count(), size = images.height * images.width;
  inkling::Workspace ws(loaded.model, std::min(kBatch, count));
  inkling::Matrix p(std::min(kBatch, count), loaded.model.config().outputs());
  inkling::freeze(rt, loaded.model, ws);
  std::string text = format == "csv"      ? "index,class,probability,refused\n"
                     : format == "kaggle" ? "ImageId,Label\n"
                                          : "";
  const bool refuses = info.refusal.has_value() && format != "kaggle";
  const auto remark = [&](std::size_t j, const Answer& answer) {
    if (answer.refused) return "  not a digit: " + *answer.refused;
    if (labels.empty() || labels[j] == answer.best) return std::string();
    return "  wrong: " + info.class_names[labels[j]];
  };
  std::size_t right = 0;
  for (std::size_t begin = 0; begin < count; begin += kBatch) {
    const std::size_t rows = std::min(kBatch, count - begin);
    if (rows < p.rows()) p = inkling::Matrix(rows, p.cols());
    inkling::predict(rt, loaded.model, {images.pixels.data() + begin * size, rows, size}, ws, p);
    const std::vector<std::size_t> best = inkling::argmax(ws.logits(), inkling::Axis::cols);
    for (std::size_t b = 0; b < rows; ++b) {
      const std::size_t j = begin + b;
      Answer answer{.best = best[b], .probability = p(b, best[b])};
      if (refuses && std::all_of(images.pixels.begin() + static_cast<std::ptrdiff_t>(j * size),
                                 images.pixels.begin() + static_cast<std::ptrdiff_t>((j + 1) * size),
                                 [](std::uint8_t pixel) { return pixel == 0; }))
        answer.refused = "blank";
      else if (refuses)
        answer.refused =
            inkling::refusal_reason(*info.refusal, inkling::evidence_of(loaded.model, *info.refusal, ws, p, b));
      const std::string& name = info.class_names[answer.best];
      if (!labels.empty() && labels[j] == answer.best) ++right;
      if (format == "json")
        text += as_json(j, info, answer, p.view().row(b), labels).dump() + '\n';
      else if (format == "kaggle")
        fmt::format_to(std::back_inserter(text), "{},{}\n", j + 1, field(name));
      else if (format == "csv")
        fmt::format_to(std::back_inserter(text), "{},{},{:.4f},{}\n", j, field(name), answer.probability,
                       field(answer.refused.value_or("")));
      else
        fmt::format_to(std::back_inserter(text), "{:>7}  {}  {:6.2f} %{}\n", j, name,
                       100 * static_cast<double>(answer.probability), remark(j, answer));
    }
  }
  if (arguments.output.empty())
    fmt::print("{}", text);
  else
    inkling::write_file_atomically(arguments.output, std::string_view(text));
  if (!arguments.output.empty()) fmt::print(stderr, "{}: answers to {} images\n", arguments.output, with_commas(count));
  if (!labels.empty())
    fmt::print(stderr, "{} of {} right: {:.2f} %\n", with_commas(right), with_commas(count),
               100.0 * static_cast<double>(right) / static_cast<double>(count));
}
