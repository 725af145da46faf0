// Inkling's side of ./run bench train, numpy, start and scaling: trains when the driver asks for it, and says how long
// it took. worker.h has the protocol.
//
// With --preset it runs the preset by fit(), as `inkling train --preset` does: `epoch` is then --iterations epochs in
// one go, with an evaluation and report after each --report-every of them, and "seconds" what one of them took on
// average.
#include "bench/train_worker.h"
#include "inkling/inkling.h"

namespace {

struct Options : TrainOptions {
  inkling::Precision precision = inkling::Precision::fp32;
  std::string preset;
  std::size_t iterations = 1;
  std::size_t report_every = 1;
};

nlohmann::json info(const inkling::Runtime& rt, std::size_t images) {
  return {{"version", INKLING_VERSION}, {"detail", std::string(name(rt.kernels().isa))}, {"images", images}};
}

void serve_loop(const Options& options) {
  const inkling::Runtime rt({.threads = options.threads});
  const inkling::TrainTest data = load_train_test(options);
  inkling::TrainingLoop loop(data.train, {.network = {.widths = options.widths, .ink = options.ink},
                                          .batch = options.batch,
                                          .learning_rate = options.learning_rate,
                                          .seed = options.seed,
                                          .precision = options.precision});
  if (options.once) return say("done " + nlohmann::json{{"loss", loop.first_step(rt)}}.dump());
  serve_training(
      info(rt, data.train.count()), 1, [&] { return loop.epoch(rt); },
      [&] { return evaluate(rt, loop.model(), data.test).accuracy; });
}

// Each call of fit() goes on with the weights of the one before; the optimiser begins anew, which plain SGD, having no
// moments, does not notice.
void serve_preset(const Options& options) {
  const inkling::Runtime rt({.threads = options.threads});
  inkling::Recipe recipe;
  apply_preset(recipe, options.preset);
  recipe.fit.epochs = options.iterations;
  recipe.fit.report_every = options.report_every;
  recipe.fit.precision = options.precision;
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
  serve_training(info(rt, data.train.count()), options.iterations, train_epochs,
                 [&] { return evaluate(rt, model, data.test).accuracy; });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains epochs for the benchmarks");
  Options options;
  const std::vector<CLI::Option*> loop = add_train_options(app, options);
  std::string precision = "fp32";
  app.add_option("--precision", precision);
  CLI::Option* preset = app.add_option("--preset", options.preset);
  app.add_option("--iterations", options.iterations)->needs(preset)->check(CLI::PositiveNumber);
  app.add_option("--report-every", options.report_every)->needs(preset)->check(CLI::PositiveNumber);
  for (CLI::Option* each : loop) each->excludes(preset);
  CLI11_PARSE(app, argc, argv);
  return work_or_say_why_not([&] {
    options.precision = inkling::choice_from_name<inkling::Precision>(precision, "precision");
    options.preset.empty() ? serve_loop(options) : serve_preset(options);
  });
}
