// Inkling's side of ./run bench train: trains whole epochs when the driver asks for them, and says how long each took.
//
// It prints `ready {...}` once the data is loaded and one epoch has warmed everything up, then answers a line of stdin
// with a line of stdout: `epoch` with {"seconds", "loss"}, `test` with {"accuracy"}; `quit` ends it. An epoch's time is
// everything from the shuffle to the last step. Where it cannot start it prints `missing` and why.
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
};

void answer(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void serve(const Options& options) {
  const inkling::Runtime rt({.threads = options.threads});
  const auto [train, test] = inkling::load_mnist(options.data);
  inkling::Mlp model({.widths = options.widths, .ink = options.ink}, options.seed);
  inkling::Optimizer optimizer(model, {.kind = inkling::Optimizer::sgd, .learning_rate = options.learning_rate});
  inkling::Workspace ws(model, options.batch);
  inkling::Batches batches(train, {.size = options.batch, .seed = options.seed});
  std::uint64_t epochs = 0;

  const auto train_epoch = [&] {  // mean loss of its batches
    double loss = 0;
    for (const inkling::Batch& batch : batches.epoch(epochs++)) {
      forward(rt, model, batch.pixels, ws);
      loss += softmax_cross_entropy(rt, batch.labels, ws);
      backward(rt, model, batch.pixels, ws);
      optimizer.step(rt, model, ws);
    }
    return loss / static_cast<double>(batches.count());
  };

  train_epoch();
  const std::string isa(name(rt.kernels().isa));
  answer("ready " + nlohmann::json{{"version", INKLING_VERSION}, {"detail", isa}, {"images", train.count()}}.dump());
  for (std::string line; std::getline(std::cin, line) && line != "quit";) {
    if (line == "epoch") {
      const auto start = std::chrono::steady_clock::now();
      const double loss = train_epoch();
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      answer(nlohmann::json{{"seconds", seconds.count()}, {"loss", loss}}.dump());
    } else if (line == "test") {
      answer(nlohmann::json{{"accuracy", evaluate(rt, model, test).accuracy}}.dump());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains epochs for ./run bench train");
  Options options;
  app.add_option("--data", options.data)->required();
  app.add_option("--threads", options.threads)->required();
  app.add_option("--widths", options.widths)->required()->delimiter(',');
  app.add_option("--batch", options.batch)->required();
  app.add_option("--rate", options.learning_rate)->required();
  app.add_option("--ink", options.ink)->required();
  app.add_option("--seed", options.seed)->required();
  CLI11_PARSE(app, argc, argv);
  try {
    serve(options);
    return 0;
  } catch (const inkling::Error& error) {
    answer(std::string("missing ") + error.what());
    return 1;
  }
}
