#include "app/train_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <system_error>
#include <utility>

#include "app/progress.h"

namespace {

// An option that is not at its default: "dropout 0.5", "batch norm"; nothing for one that is. The optimiser's own
// usual moments are no change.
std::string words_if_changed(const inkling::Recipe& recipe, std::string_view option) {
  inkling::Recipe defaults;
  inkling::set_option(defaults, "optimizer", inkling::option_text(recipe, "optimizer"));
  const std::string value = inkling::option_text(recipe, option);
  if (value == inkling::option_text(defaults, option)) return "";
  std::string words(option);
  std::ranges::replace(words, '_', ' ');
  return value == "true" ? words : fmt::format("{} {}", words, value);
}

// Every option that changes what training does and is not at its default, in lines of up to 80 columns.
void print_changed(const inkling::Recipe& recipe) {
  constexpr std::string_view kSaidAlready[] = {"layers",        "activation", "init",       "optimizer",
                                               "learning_rate", "epochs",     "batch",      "seed",
                                               "limit_train",   "limit_test", "validation", "precision"};
  constexpr std::size_t kColumns = 80, kIndent = 10;
  std::string line;
  const char* heading = "With";
  const auto print = [&] {
    if (!line.empty()) fmt::print(stderr, "{:<10}{}\n", std::exchange(heading, ""), line);
  };
  for (const inkling::RecipeOption& option : inkling::recipe_options()) {
    if (std::ranges::find(kSaidAlready, option.name) != std::end(kSaidAlready)) continue;
    const std::string words = words_if_changed(recipe, option.name);
    if (words.empty()) continue;
    if (!line.empty() && kIndent + line.size() + 2 + words.size() + 1 > kColumns) {
      line += ',';
      print();
      line.clear();
    }
    line += (line.empty() ? "" : ", ");
    line += words;
  }
  print();
}

}  // namespace

void print_start(const inkling::Recipe& recipe, const inkling::Mlp& model, const inkling::DataSplit& data,
                 const inkling::Dataset* validation, const inkling::Runtime& rt, const RunFolder& run) {
  const inkling::Config& config = model.config();
  fmt::print(stderr, "Data      {}\n          {} training{} and {} test images of {}x{}, {} classes\n", data.origin,
             with_commas(data.train.count()),
             validation ? fmt::format(", {} validation", with_commas(validation->count())) : "",
             with_commas(data.test.count()), data.train.height, data.train.width, data.train.class_count());
  const std::string init = recipe.init.kind == inkling::Init::automatic ? std::string(name(init_of(config, 0)))
                                                                        : std::string(name(recipe.init.kind));
  fmt::print(stderr, "Network   {}, {}, {} parameters, {} initialisation\n", describe(config),
             describe_activations(config), with_commas(model.parameter_count()), init == "he_normal" ? "He" : init);
  const inkling::FitOptions& fit = recipe.fit;
  fmt::print(stderr, "Training  {}, learning rate {}, batch {}, {} epochs, seed {}\n",
             fit.optimizer.kind == inkling::Optimizer::sgd ? "SGD" : name(fit.optimizer.kind),
             fit.optimizer.learning_rate, std::min(fit.batch, data.train.count()), fit.epochs, fit.seed);
  print_changed(recipe);
  fmt::print(stderr, "Machine   {}, {}\n", rt.describe(), name(fit.precision));
  fmt::print(stderr, "Run       {}\n", run.path().string());
  if (recipe.fit.report_every > 1)
    fmt::print(stderr, "A line    every {} epochs; Loss: training/test\n", recipe.fit.report_every);
  fmt::print(stderr, "\n");
}

bool print_epoch(const inkling::EpochReport& r, const inkling::Recipe& recipe) try {
  const std::size_t epochs = recipe.fit.epochs;
  const std::size_t width = std::max<std::size_t>(fmt::formatted_size("{}", epochs), 2);
  const std::string validation =
      r.validation ? fmt::format(" | Val: {:.2f}%", 100 * r.validation->accuracy) : std::string();
  const std::string test_loss = recipe.fit.report_every > 1 ? fmt::format("/{:.4f}", r.test.loss) : "";
  fmt::print("Epoch {:>{}}/{} | Loss: {:.4f}{} | Train Acc: {:.2f}%{} | Test Acc: {:.2f}%\n", r.epoch, width, epochs,
             r.train_loss, test_loss, 100 * r.train_accuracy, validation, 100 * r.test.accuracy);
  return std::fflush(stdout) == 0;
} catch (const std::system_error&) {
  return false;
}

void print_reason(const inkling::FitResult& result, const inkling::Recipe& recipe) {
  using inkling::StopReason;
  const std::string where = result.batches_after == 0 ? fmt::format("after {} epochs", result.epochs)
                                                      : fmt::format("after {} whole epochs and {} batches of the next",
                                                                    result.epochs, result.batches_after);
  switch (result.reason) {
    case StopReason::epochs: break;
    case StopReason::steps: fmt::print(stderr, "\nStopped {}: {} steps are done.\n", where, result.steps); break;
    case StopReason::seconds:
      fmt::print(stderr, "\nStopped {}: {} seconds are over.\n", where, recipe.fit.stop.max_seconds);
      break;
    case StopReason::target: fmt::print(stderr, "\nStopped {}: the target accuracy is reached.\n", where); break;
    case StopReason::patience:
      fmt::print(stderr, "\nStopped {}: no better validation {} for {} reports.\n", where, name(recipe.fit.stop.watch),
                 recipe.fit.stop.patience);
      break;
    case StopReason::request: fmt::print(stderr, "\nStopped by request: {}.\n", where.substr(6)); break;
  }
  if (result.best_epoch != 0) fmt::print(stderr, "\nThe weights are those of epoch {}, the best.\n", result.best_epoch);
}
