#include "app/finished_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/progress.h"
#include "inkling/core/error.h"
#include "inkling/data/select.h"
#include "inkling/model/fold.h"
#include "inkling/reader/refusal.h"
#include "inkling/train/metrics.h"
#include "inkling/train/temperature.h"

using inkling::Dataset;
using inkling::ErrorKind;

namespace {

// Images that the statistics of the last hidden layer are taken from. guess: ten classes' means and 200 by 200 numbers
// of a covariance matrix are well known from so many.
constexpr std::size_t kMostFitted = 30000;

// What the logits are to be divided by for honest probabilities, by the validation images.
inkling::Mlp calibrated(const inkling::Runtime& rt, const inkling::Mlp& model, const Dataset& validation) {
  const inkling::Matrix logits = inkling::logits_of(rt, model, validation);
  const float temperature = inkling::fit_temperature(logits, validation.labels, model.config().output);
  fmt::print(stderr, "\nTemperature {:.3f}, fitted on {} validation images\n", temperature,
             with_commas(validation.count()));
  return inkling::with_temperature(model, temperature);
}

// The output for "none of the classes", as it leaves the network.
inkling::RefusalOptions taken_out(const inkling::Mlp& model, std::size_t none) {
  inkling::RefusalOptions options;
  const inkling::ConstMatrixView W = model.weight(model.layer_count() - 1);
  for (std::size_t i = 0; i < W.rows; ++i) options.none_weight.push_back(W(i, none));
  options.none_bias = model.bias(model.layer_count() - 1)(0, none);
  return options;
}

void print_refusal(const inkling::Runtime& rt, const inkling::Mlp& model, const inkling::RefusalRule& rule,
                   const Dataset& validation, std::optional<std::size_t> none) {
  fmt::print(stderr, "Refuses   answers below {:.1f} %{}: {:.2f} % of the validation images\n",
             100 * static_cast<double>(rule.least_probability),
             rule.has_distance() ? fmt::format(" or with an outlier score above {:.3g}", rule.most_distance) : "",
             100 * rule.rate);
  if (!none) return;
  std::size_t count = 0, refused = 0;
  const std::vector<inkling::Evidence> evidence = inkling::evidence_of(rt, model, rule, validation.images());
  for (std::size_t j = 0; j < validation.count(); ++j) {
    if (validation.labels[j] != *none) continue;
    ++count;
    if (inkling::refusal_reason(rule, evidence[j])) ++refused;
  }
  fmt::print(stderr, "          and {:.1f} % of the {} of class {}\n",
             100 * static_cast<double>(refused) / static_cast<double>(std::max<std::size_t>(1, count)),
             with_commas(count), validation.class_names[*none]);
}

}  // namespace

std::optional<std::size_t> none_class_of(const inkling::Recipe& recipe, const Dataset& train) {
  if (recipe.none_class.empty()) return std::nullopt;
  const auto at = std::ranges::find(train.class_names, recipe.none_class);
  if (at == train.class_names.end())
    inkling::fail(ErrorKind::config, "--none-class {}: the data have no such class; theirs are {}", recipe.none_class,
                  fmt::join(train.class_names, ", "));
  return static_cast<std::size_t>(at - train.class_names.begin());
}

FinishedModel finish_model(const inkling::Runtime& rt, const inkling::Mlp& trained, const inkling::Recipe& recipe,
                           const Dataset& train, const Dataset* validation, const Dataset& test) {
  FinishedModel finished{.model = inkling::fold(trained), .refusal = {}, .judged = {}};
  if (validation == nullptr) return finished;
  const std::optional<std::size_t> none = none_class_of(recipe, train);
  std::optional<Dataset> good;
  inkling::RefusalOptions options;
  Dataset fitted = inkling::spread_images(train, kMostFitted);
  if (none) {
    options = taken_out(finished.model, *none);
    finished.model = inkling::without_output(finished.model, *none);
    good = inkling::without_class(*validation, *none);
    fitted = inkling::without_class(fitted, *none);
    finished.judged = inkling::without_class(test, *none);
  }
  const Dataset& held_out = good ? *good : *validation;
  finished.model = calibrated(rt, finished.model, held_out);
  if (recipe.refuse == 0) return finished;
  options.rate = recipe.refuse;
  finished.refusal = inkling::fit_refusal(rt, finished.model, fitted, held_out, options);
  print_refusal(rt, finished.model, *finished.refusal, *validation, none);
  return finished;
}
