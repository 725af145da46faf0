// What the training workers in C++ share: their options, and how they answer.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/worker.h"
#include "inkling/data/idx.h"
#include "inkling/data/select.h"
#include "inkling/measure/samples.h"

struct TrainOptions {
  std::string data;
  std::size_t threads = 1;
  std::vector<std::size_t> widths;
  std::size_t batch = 128;
  float learning_rate = 0.1f;
  float ink = 3;
  std::uint64_t seed = 1;
  std::size_t images = 0;  // the first ones of the training part; 0: all
  bool once = false;
};

inline std::vector<CLI::Option*> add_train_options(CLI::App& app, TrainOptions& options) {
  app.add_option("--data", options.data)->required();
  app.add_option("--threads", options.threads)->required();
  return {app.add_option("--widths", options.widths)->delimiter(','),
          app.add_option("--batch", options.batch),
          app.add_option("--rate", options.learning_rate),
          app.add_option("--ink", options.ink),
          app.add_option("--seed", options.seed),
          app.add_option("--images", options.images),
          app.add_flag("--once", options.once)};
}

inline inkling::TrainTest load_train_test(const TrainOptions& options) {
  inkling::TrainTest data = inkling::load_mnist(options.data);
  if (options.images > 0 && options.images < data.train.count())
    data.train = inkling::first_images(data.train, options.images);
  return data;
}

// train() is the timed work and returns a mean loss; one call warms up. What it did is divided by `parts`.
template <typename Train, typename Accuracy>
void serve_training(const nlohmann::json& info, std::size_t parts, const Train& train, const Accuracy& accuracy) {
  train();
  serve(info, {{"epoch",
                [&](std::istream&) -> nlohmann::json {
                  double loss = 0;
                  const double seconds = inkling::seconds_of([&] { loss = train(); });
                  return {{"seconds", seconds / static_cast<double>(parts)}, {"loss", loss}};
                }},
               {"test", [&](std::istream&) -> nlohmann::json {
                  return {{"accuracy", accuracy()}};
                }}});
}
