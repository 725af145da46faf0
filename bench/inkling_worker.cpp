// Inkling's side of ./run bench train and ./run bench numpy: trains when the driver asks for it, and says how long it
// took.
//
// It prints `ready {...}` once the data is loaded and one epoch has warmed everything up, then answers a line of stdin
// with a line of stdout: `epoch` with {"seconds", "loss"}, `test` with {"accuracy"}; `quit` ends it. An epoch's time is
// everything from the shuffle to the last step. Where it cannot start it prints `missing` and why.
//
// With --preset it runs the preset by fit(), as `inkling train --preset` does: `epoch` is then --iterations epochs in
// one go, with an evaluation and report after each --report-every of them, and "seconds" what one of them took on
// average.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "inkling/inkling.h"

namespace {

struct Options {
  std::string data;
  std::size_t threads = 1;
  std::vector<std::size_t> widths;
  std::size_t batch = 0;
  float learning_rate = 0;
  float ink = 0;
  std::uint64_t seed = 0;
  std::string preset;
  std::size_t iterations = 1;
  std::size_t report_every = 1;
};

void answer(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// Warms up by one call of train, which returns the mean loss of its last epoch; then answers stdin.
template <typename Train, typename Test>
void serve(const inkling::Runtime& rt, std::size_t images, std::size_t iterations, const Train& train,
           const Test& accuracy) {
  train();
  const std::string isa(name(rt.kernels().isa));
  answer("ready " + nlohmann::json{{"version", INKLING_VERSION}, {"detail", isa}, {"images", images}}.dump());
  for (std::string line; std::getline(std::cin, line) && line != "quit";) {
    if (line == "epoch") {
      const auto start = std::chrono::steady_clock::now();
      const double loss = train();
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      answer(nlohmann::json{{"seconds", seconds.count() / static_cast<double>(iterations)}, {"loss", loss}}.dump());
    } else if (line == "test") {
      answer(nlohmann::json{{"accuracy", accuracy()}}.dump());
    }
  }
}

// The loop of examples/train_mnist.cpp.
void serve_loop(const Options& options) {
  const inkling::Runtime rt({.threads = options.threads});
  const inkling::TrainTest data = inkling::load_mnist(options.data);
  inkling::Mlp model({.widths = options.widths, .ink = options.ink}, options.seed);
  inkling::Optimizer optimizer(model, {.kind = inkling::Optimizer::sgd, .learning_rate = options.learning_rate});
  inkling::Workspace ws(model, options.batch);
  inkling::Batches batches(data.train, {.size = options.batch, .seed = options.seed});
  std::uint64_t epochs = 0;

  const auto train_epoch = [&] {
    double loss = 0;
    for (const inkling::Batch& batch : batches.epoch(epochs++)) {
      forward(rt, model, batch.pixels, ws);
      loss += softmax_cross_entropy(rt, batch.labels, ws);
      optimizer.backward_and_step(rt, model, batch.pixels, ws, options.learning_rate);
    }
    return loss / static_cast<double>(batches.count());
  };
  serve(rt, data.train.count(), 1, train_epoch, [&] { return evaluate(rt, model, data.test).accuracy; });
}

// Each call of fit() goes on with the weights of the one before; the optimiser begins anew, which plain SGD, having no
// moments, does not notice.
void serve_preset(const Options& options) {
  const inkling::Runtime rt({.threads = options.threads});
  inkling::Recipe recipe;
  apply_preset(recipe, options.preset);
  recipe.fit.epochs = options.iterations;
  recipe.fit.report_every = options.report_every;
  check(recipe);
  inkling::TrainTest data = inkling::load_mnist(options.data);
  if (recipe.limit_train > 0) data.train = first_images(data.train, recipe.limit_train);
  if (recipe.limit_test > 0) data.test = first_images(data.test, recipe.limit_test);
  inkling::Mlp model(recipe.network);
  initialize(model, recipe.fit.seed, recipe.init);

  double loss = 0;
  const inkling::FitCallbacks callbacks{
      .on_epoch = [&](const inkling::EpochReport& report) { loss = report.train_loss; }};
  const auto train_epochs = [&] {
    fit(rt, model, data.train, data.test, recipe.fit, callbacks);
    return loss;
  };
  serve(rt, data.train.count(), options.iterations, train_epochs,
        [&] { return evaluate(rt, model, data.test).accuracy; });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains epochs for ./run bench train and ./run bench numpy");
  Options options;
  app.add_option("--data", options.data)->required();
  app.add_option("--threads", options.threads)->required();
  CLI::Option* preset = app.add_option("--preset", options.preset);
  app.add_option("--iterations", options.iterations)->needs(preset)->check(CLI::PositiveNumber);
  app.add_option("--report-every", options.report_every)->needs(preset)->check(CLI::PositiveNumber);
  for (CLI::Option* each : {app.add_option("--widths", options.widths)->delimiter(','),
                            app.add_option("--batch", options.batch), app.add_option("--rate", options.learning_rate),
                            app.add_option("--ink", options.ink), app.add_option("--seed", options.seed)})
    each->excludes(preset);
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.preset.empty())
      serve_loop(options);
    else
      serve_preset(options);
    return 0;
  } catch (const inkling::Error& error) {
    answer(std::string("missing ") + error.what());
    return 1;
  }
}
