#include "app/bench_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/progress.h"
#include "inkling/measure/samples.h"

using inkling::median;
using inkling::quantile;
using nlohmann::ordered_json;

namespace {

double peak_flops(const BenchReport& r) { return r.peak_operations / median(r.peak); }

std::string per_second(std::size_t count, double seconds) {
  return with_commas(static_cast<std::size_t>(static_cast<double>(count) / seconds));
}

std::string shape_text(const inkling::LayerShape& s) {
  return fmt::format("{} x {} x {}", s.images, s.inputs, s.outputs);
}

ordered_json timing(const std::vector<double>& seconds) {
  return {{"median_seconds", median(seconds)},
          {"min_seconds", *std::ranges::min_element(seconds)},
          {"max_seconds", *std::ranges::max_element(seconds)},
          {"samples", seconds}};
}

}  // namespace

std::string report_text(const BenchReport& r) {
  std::string text = fmt::format("Machine   {}, fp32; measured peak {:.0f} GFLOP/s\n", r.machine, 1e-9 * peak_flops(r));
  text += fmt::format("Data      {}\n\n", r.data);

  const auto [fastest, slowest] = std::ranges::minmax_element(r.epochs);
  text +=
      fmt::format("Training {}, batch 128, SGD, an epoch of {} images\n", r.network, with_commas(r.training_images));
  text += fmt::format("  {:.4f} s ({:.4f} to {:.4f}, {} epochs), {} images/s\n\n", median(r.epochs), *fastest, *slowest,
                      r.epochs.size(), per_second(r.training_images, median(r.epochs)));

  text += fmt::format("{:<24}{:>20}{:>13}{:>11}{:>9}\n", "Product", "B x I x O", "microseconds", "GFLOP/s", "of peak");
  for (const ProductTiming& p : r.products) {
    const double flops = p.shape.flops() / median(p.seconds);
    text += fmt::format("{:<24}{:>20}{:>13.1f}{:>11.1f}{:>7.0f} %\n", name(p.kind), shape_text(p.shape),
                        1e6 * median(p.seconds), 1e-9 * flops, 100 * flops / peak_flops(r));
  }

  text += fmt::format("\nAnswers of {}\n", r.network);
  text += fmt::format("  one image, one thread {:>9.2f} us (p99 {:.2f}, p99.9 {:.2f})\n", 1e6 * median(r.one_image),
                      1e6 * quantile(r.one_image, 0.99), 1e6 * quantile(r.one_image, 0.999));
  for (const BatchTiming& b : r.batches)
    text +=
        fmt::format("  batches of {:<10} {:>9.3f} us an image, {} images/s\n", with_commas(b.batch),
                    1e6 * median(b.seconds) / static_cast<double>(b.images), per_second(b.images, median(b.seconds)));
  text += "\nPictures prepared as MNIST's, one thread\n";
  for (const PreparationTiming& p : r.preparations)
    text +=
        fmt::format("  {:<20} {:>11.1f} us a picture, {} pictures/s\n",
                    p.height == 0 ? "the data's own" : fmt::format("{} x {}", p.width, p.height),
                    1e6 * median(p.seconds) / static_cast<double>(p.images), per_second(p.images, median(p.seconds)));
  return text;
}

ordered_json report_json(const BenchReport& r) {
  ordered_json peak = timing(r.peak);
  peak["flops"] = peak_flops(r);
  ordered_json training = {{"network", r.network}, {"batch", 128}, {"images", r.training_images}};
  training.update(timing(r.epochs));
  ordered_json products = ordered_json::array();
  for (const ProductTiming& p : r.products) {
    const double flops = p.shape.flops() / median(p.seconds);
    products.push_back({{"product", name(p.kind)},
                        {"images", p.shape.images},
                        {"inputs", p.shape.inputs},
                        {"outputs", p.shape.outputs},
                        {"flops", flops},
                        {"share_of_peak", flops / peak_flops(r)}});
    products.back().update(timing(p.seconds));
  }
  ordered_json batches = ordered_json::array();
  for (const BatchTiming& b : r.batches) {
    batches.push_back({{"batch", b.batch}, {"images", b.images}});
    batches.back().update(timing(b.seconds));
  }
  ordered_json preparations = ordered_json::array();
  for (const PreparationTiming& p : r.preparations) {
    preparations.push_back({{"height", p.height}, {"width", p.width}, {"images", p.images}});
    preparations.back().update(timing(p.seconds));
  }
  return {{"machine", {{"threads", r.threads}, {"isa", r.isa}}},
          {"data", r.data},
          {"peak", peak},
          {"training", training},
          {"products", products},
          {"one_image",
           {{"p50_seconds", median(r.one_image)},
            {"p99_seconds", quantile(r.one_image, 0.99)},
            {"p99_9_seconds", quantile(r.one_image, 0.999)},
            {"samples", r.one_image.size()}}},
          {"batches", batches},
          {"preparations", preparations}};
}
