// inkling bench: how fast this machine trains and answers, without anything to compare it with.
//
// Medians of many samples, each with what it spread over. ./run bench holds the same work beside other programs.
#include <fmt/format.h>

#include <memory>

#include "app/bench_report.h"
#include "app/commands.h"
#include "app/usage.h"
#include "inkling/data/locate.h"
#include "inkling/measure/answers.h"
#include "inkling/measure/peak.h"
#include "inkling/measure/preparations.h"
#include "inkling/measure/products.h"
#include "inkling/measure/samples.h"
#include "inkling/measure/training_loop.h"

using inkling::LayerProductKind;
using inkling::LayerShape;
using inkling::sample;

namespace {

struct BenchArguments {
  std::string data = "mnist";
  double seconds = 1;
  bool json = false;
  MachineOptions machine;
};

// Of 784-128-10 at batch 128, 784-1024-1024-10 at 256, and the first hidden product of 784-2500-2000-... at 256.
constexpr LayerShape kShapes[] = {
    {128, 784, 128}, {128, 128, 10}, {256, 784, 1024}, {256, 1024, 1024}, {256, 2500, 2000}};
constexpr std::size_t kPixels = 784;
constexpr std::size_t kBatches[] = {256, 10'000};
constexpr std::size_t kImagesAnswered = 10'000;
struct Photos {
  std::size_t height, width, count;
};
constexpr Photos kPhotos[] = {{0, 0, 500}, {28, 28, 200}, {64, 64, 100}, {480, 640, 5}, {3000, 4000, 1}};

std::vector<LayerProductKind> kinds_of(const LayerShape& shape) {
  using enum LayerProductKind;
  if (shape.inputs == kPixels) return {forward, forward_pixels, weight_gradient, weight_gradient_pixels};
  return {forward, weight_gradient, input_gradient};
}

// Without the network: what is on this machine, or the sample.
inkling::DataSplit data_here(const std::string& source) {
  inkling::LoadOptions options;
  options.allow_download = false;
  return inkling::load_data(source, options);
}

// The images, again and again until there are `count`.
std::vector<std::uint8_t> repeated(const inkling::Dataset& data, std::size_t count) {
  std::vector<std::uint8_t> pixels;
  pixels.reserve(count * data.image_size());
  for (std::size_t b = 0; b < count; ++b) {
    const auto image = data.image(b % data.count()).row(0);
    pixels.insert(pixels.end(), image.begin(), image.end());
  }
  return pixels;
}

BenchReport measure(const BenchArguments& arguments) {
  const inkling::Runtime rt = arguments.machine.runtime();
  const inkling::Runtime alone({.threads = 1, .isa = rt.kernels().isa});
  const inkling::DataSplit data = data_here(arguments.data);
  const inkling::Dataset& train = data.train;

  BenchReport report{.machine = rt.describe(),
                     .threads = rt.threads(),
                     .isa = std::string(name(rt.kernels().isa)),
                     .data = data.origin};
  double operations = 0;
  report.peak = sample([&] { operations = inkling::fma_round(rt); }, arguments.seconds / 2);
  report.peak_operations = operations;

  inkling::TrainingLoop loop(train, {.network = {.widths = {train.image_size(), 128, train.class_count()}}});
  report.network = describe(loop.model().config());
  report.training_images = train.count();
  report.epochs = sample([&] { loop.epoch(rt); }, arguments.seconds);

  for (const LayerShape& shape : kShapes)
    for (const LayerProductKind kind : kinds_of(shape)) {
      if (shape.inputs == kPixels && train.image_size() != kPixels) continue;
      inkling::LayerProduct product(kind, shape, train);
      report.products.push_back({kind, shape, sample([&] { product.run(rt); }, arguments.seconds / 10)});
    }

  const std::vector<std::uint8_t> pixels = repeated(data.test, kImagesAnswered);
  const inkling::PixelView images(pixels.data(), kImagesAnswered, train.image_size());
  inkling::Answerer one(rt, loop.model(), images, 1);
  one.one_by_one(alone);
  report.one_image = one.one_by_one(alone);
  for (const std::size_t batch : kBatches) {
    inkling::Answerer many(rt, loop.model(), images, batch);
    report.batches.push_back({batch, kImagesAnswered, sample([&] { many.in_batches(rt); }, arguments.seconds / 2)});
  }
  for (const auto& [height, width, count] : kPhotos) {
    const std::vector<inkling::Image> photos = inkling::made_photos(train, count, height, width);
    report.preparations.push_back(
        {height, width, count, sample([&] { inkling::prepare_all(photos); }, arguments.seconds / 4)});
  }
  return report;
}

}  // namespace

void add_bench_command(CLI::App& app) {
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App* command = app.add_subcommand("bench", "Measure how fast this machine trains and answers");
  command
      ->add_option("--data", arguments->data,
                   "As for train, but nothing is downloaded: where MNIST is not found, the sample (default: mnist)")
      ->type_name("SOURCE");
  command
      ->add_option("--seconds", arguments->seconds,
                   "Time for training; the rest takes about three times as long (default: 1)")
      ->check(CLI::Range(0.0, 3600.0).description(""))
      ->type_name("S");
  command->add_flag("--json", arguments->json, "Print one JSON object, with every sample");
  add_machine_options(*command, arguments->machine);
  command->footer(
      "Medians, and what the samples spread over. Sparse products skip pixels that are\n"
      "zero but are counted as if they did not, so their share of the peak can exceed\n"
      "100 %. The machine should have nothing else to do.\n\n"
      "Examples:\n"
      "  inkling bench\n"
      "  inkling bench --threads 1 --isa avx2\n"
      "  inkling bench --seconds 5 --json > bench.json");
  command->callback([arguments] {
    const BenchReport report = measure(*arguments);
    if (arguments->json)
      fmt::print("{}\n", report_json(report).dump());
    else
      fmt::print("{}", report_text(report));
  });
}
