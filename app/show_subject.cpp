#include "app/show_subject.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/finished_model.h"
#include "app/model_argument.h"
#include "app/source.h"
#include "inkling/core/error.h"
#include "inkling/data/checksum.h"
#include "inkling/data/classes.h"
#include "inkling/data/select.h"
#include "inkling/format/bundled_model.h"
#include "inkling/model/output.h"
#include "inkling/train/metrics.h"

namespace fs = std::filesystem;
using inkling::ErrorKind;
using inkling::fail;

namespace {

bool reads_mnist(const inkling::ModelInfo& info) {
  return info.image_height == 28 && info.image_width == 28 && info.class_names == inkling::digit_names();
}

std::string name_of(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return (error ? path : real).filename().string();
}

}  // namespace

ShowSubject::ShowSubject(const inkling::Runtime& rt, const std::string& path, const std::string& source) : rt_(rt) {
  std::error_code error;
  name = name_of(path);
  const bool is_run = !inkling::is_bundled_model(path) && fs::is_regular_file(fs::path(path) / "config.json", error);
  if (is_run) history = inkling::read_history(path);
  if (!is_run || fs::exists(history->model_path(), error))
    loaded = load_named_model(path);
  else
    no_model = fmt::format("{} has no model yet", path);
  if (!source.empty()) {
    load_data(source);
  } else if (!loaded) {
    no_data = no_model;
  } else if (!history && !reads_mnist(loaded->info)) {
    no_data = "no data is named; give it with --data";
  } else {
    try {
      load_data(history ? history->data.source : "mnist");
    } catch (const inkling::Error& refusal) {
      data.reset();
      no_data = fmt::format("no data ({}); name it with --data", refusal.what());
    }
  }
}

void ShowSubject::load_data(const std::string& source) {
  const bool is_of_run = history && source == history->data.source;
  data = load_source(is_of_run ? source_of(history->data) : SourceArguments{.source = source},
                     inkling::WithoutTest::hold_out);
  if (is_of_run && inkling::sha256_of(data->train, data->test) != history->data.idx_sha256)
    fail(ErrorKind::config, "'{}' gives other images than those of the run, {}", source, history->data.origin);
  if (history && history->recipe.limit_train > 0)
    data->train = inkling::first_images(std::move(data->train), history->recipe.limit_train);
  if (history && history->recipe.limit_test > 0)
    data->test = inkling::first_images(std::move(data->test), history->recipe.limit_test);
  if (!loaded) return;
  if (history && data->test.class_count() > model().config().outputs())
    if (const auto none = none_class_of(history->recipe, data->train)) {
      data->train = inkling::without_class(data->train, *none);
      data->test = inkling::without_class(data->test, *none);
    }
  for (inkling::Dataset* part : {&data->train, &data->test})
    inkling::adopt_classes(*part, loaded->info.class_names, source);
  inkling::check_fit(model().config(), data->test);
  if (data->test.height != loaded->info.image_height || data->test.width != loaded->info.image_width)
    fail(ErrorKind::shape, "{}: images of {}x{}; {} reads {}x{}", source, data->test.height, data->test.width, name,
         loaded->info.image_height, loaded->info.image_width);
}

const inkling::Matrix& ShowSubject::logits() {
  if (logits_.rows() == 0) logits_ = inkling::logits_of(rt_, model(), test());
  return logits_;
}

const inkling::Answers& ShowSubject::answers() {
  if (answers_) return *answers_;
  probabilities_ = inkling::Matrix(logits().rows(), logits().cols());
  inkling::class_probabilities(rt_, model().config(), logits(), probabilities_);
  for (const std::size_t c : inkling::argmax(logits(), inkling::Axis::cols))
    read_.push_back(static_cast<std::uint32_t>(c));
  return answers_.emplace(
      inkling::Answers{.data = test(), .probabilities = probabilities_, .read = read_, .classes = classes()});
}
