// The OpenBLAS loop's side of ./run bench train and start: feeds openblas_network.h from the driver's words.
#include <algorithm>
#include <numeric>
#include <random>

#include "bench/openblas_network.h"
#include "bench/train_worker.h"

namespace {

// Takes the bytes, which nobody needs behind it.
std::vector<float> as_floats(std::vector<std::uint8_t> pixels, float ink) {
  std::vector<float> values(pixels.size());
  std::ranges::transform(pixels, values.begin(),
                         [&](std::uint8_t pixel) { return ink / 255 * static_cast<float>(pixel); });
  return values;
}

void serve_loop(const TrainOptions& options) {
  inkling::TrainTest data = load_train_test(options);
  const std::vector<float> images = as_floats(std::move(data.train.pixels), options.ink);
  const std::vector<float> test_images = as_floats(std::move(data.test.pixels), options.ink);
  const std::size_t count = data.train.count();
  OpenblasNetwork network(options.widths, options.batch, options.seed, static_cast<int>(options.threads));

  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  std::mt19937 random(static_cast<std::mt19937::result_type>(options.seed));
  const auto train = [&](std::size_t until) {
    std::ranges::shuffle(order, random);
    double loss = 0;
    for (std::size_t first = 0; first < until; first += options.batch)
      loss += network.step(images.data(), data.train.labels.data(), &order[first],
                           std::min(options.batch, count - first), options.learning_rate);
    return loss / static_cast<double>(until);
  };
  if (options.once) return say("done " + nlohmann::json{{"loss", train(std::min(options.batch, count))}}.dump());
  serve_training(
      {{"version", openblas_version()}, {"detail", "sgemm"}, {"images", count}}, 1, [&] { return train(count); },
      [&] {
        return static_cast<double>(network.correct(test_images.data(), data.test.labels.data(), data.test.count())) /
               static_cast<double>(data.test.count());
      });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains epochs on OpenBLAS for the benchmarks");
  TrainOptions options;
  add_train_options(app, options);
  CLI11_PARSE(app, argc, argv);
  return work_or_say_why_not([&] { serve_loop(options); });
}
