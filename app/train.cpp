// inkling train: trains a digit reader and saves it as a run.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/commands.h"
#include "app/progress.h"
#include "app/run_folder.h"
#include "app/source.h"
#include "app/usage.h"
#include "inkling/core/error.h"
#include "inkling/data/checksum.h"
#include "inkling/train/fit.h"

using inkling::EpochReport;

namespace {

struct TrainArguments {
  std::string layers = "784,128,10";
  inkling::FitOptions fit;
  float ink = inkling::Config{}.ink;
  std::string data = "mnist";
  std::string out;
  MachineOptions machine;
};

volatile sig_atomic_t interrupted = 0;  // the signal's number

// Until the end of its life the first Ctrl-C (or SIGTERM, or a closed terminal) only sets `interrupted`; the second
// ends the program at once. A closed pipe is not a signal but an error of the write.
class InterruptGuard {
 public:
  InterruptGuard() {
    struct sigaction action {};
    action.sa_handler = [](int signal) { interrupted = signal; };
    action.sa_flags = SA_RESETHAND | SA_RESTART;
    for (std::size_t i = 0; i < kCount; ++i) {
      if (kSignals[i] == SIGPIPE) action.sa_handler = SIG_IGN;
      sigaction(kSignals[i], &action, &before_[i]);
    }
  }
  ~InterruptGuard() {
    for (std::size_t i = 0; i < kCount; ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  static constexpr std::size_t kCount = 4;
  static constexpr int kSignals[kCount] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  struct sigaction before_[kCount];
};

// 0.1f as 0.1 and not as 0.10000000149011612.
double as_written(float value) { return std::stod(fmt::format("{}", value)); }

nlohmann::ordered_json config_json(const TrainArguments& arguments, const inkling::Config& config,
                                   const inkling::DataSplit& data, const inkling::Runtime& rt) {
  return {{"inkling", INKLING_VERSION},
          {"layers", config.widths},
          {"activation", name(config.activation)},
          {"ink", as_written(config.ink)},
          {"initialisation", "he"},
          {"loss", "softmax cross-entropy"},
          {"optimizer", "sgd"},
          {"learning_rate", as_written(arguments.fit.optimizer.learning_rate)},
          {"batch", arguments.fit.batch},
          {"epochs", arguments.fit.epochs},
          {"seed", arguments.fit.seed},
          {"precision", "fp32"},
          {"data",
           {{"origin", data.origin},
            {"train_images", data.train.count()},
            {"test_images", data.test.count()},
            {"idx_sha256", inkling::sha256_of(data.train, data.test)}}},
          {"machine", {{"threads", rt.threads()}, {"isa", name(rt.kernels().isa)}}}};
}

nlohmann::ordered_json metrics_json(const EpochReport& r) {
  return {{"epoch", r.epoch},
          {"train_loss", r.train_loss},
          {"train_accuracy", r.train_accuracy},
          {"test_loss", r.test.loss},
          {"test_accuracy", r.test.accuracy},
          {"train_seconds", r.train_seconds},
          {"test_seconds", r.test_seconds}};
}

// The facts of a run that go into its model file: those that the same command gives again on any machine.
inkling::ModelInfo model_info(const TrainArguments& arguments, const inkling::Config& config,
                              const inkling::DataSplit& data, const inkling::FitResult& result) {
  std::vector<std::string> class_names = data.train.class_names;
  while (class_names.size() < config.outputs()) class_names.push_back(fmt::format("{}", class_names.size()));
  const std::string epochs = result.batches_after == 0
                                 ? fmt::format("{}", result.epochs)
                                 : fmt::format("{} and {} batches", result.epochs, result.batches_after);
  return {.image_height = data.train.height,
          .image_width = data.train.width,
          .class_names = class_names,
          .training = {{"batch", fmt::format("{}", arguments.fit.batch)},
                       {"epochs", epochs},
                       {"learning_rate", fmt::format("{}", arguments.fit.optimizer.learning_rate)},
                       {"optimizer", "sgd"},
                       {"seed", fmt::format("{}", arguments.fit.seed)},
                       {"test_accuracy", fmt::format("{:.4f}", result.test.accuracy)},
                       {"test_images", fmt::format("{}", result.test.count)},
                       {"train_images", fmt::format("{}", data.train.count())}}};
}

void print_start(const TrainArguments& arguments, const inkling::Mlp& model, const inkling::DataSplit& data,
                 const inkling::Runtime& rt, const RunFolder& run) {
  fmt::print(stderr, "Data      {}\n          {} training and {} test images of {}x{}, {} classes\n", data.origin,
             with_commas(data.train.count()), with_commas(data.test.count()), data.train.height, data.train.width,
             data.train.class_count());
  fmt::print(stderr, "Network   {}, {}, {} parameters, He initialisation\n", describe(model.config()),
             name(model.config().activation), with_commas(model.parameter_count()));
  fmt::print(stderr, "Training  SGD, learning rate {}, batch {}, {} epochs, seed {}\n",
             arguments.fit.optimizer.learning_rate, arguments.fit.batch, arguments.fit.epochs, arguments.fit.seed);
  fmt::print(stderr, "Machine   {}, fp32\n", rt.describe());
  fmt::print(stderr, "Run       {}\n\n", run.path().string());
}

// False when stdout cannot be written.
bool print_epoch(const EpochReport& r, std::size_t epochs) try {
  const std::size_t width = fmt::formatted_size("{}", epochs);
  fmt::print("Epoch {:>{}}/{} | Loss: {:.4f} | Train Acc: {:.2f}% | Test Acc: {:.2f}%\n", r.epoch,
             std::max<std::size_t>(width, 2), epochs, r.train_loss, 100 * r.train_accuracy, 100 * r.test.accuracy);
  return std::fflush(stdout) == 0;
} catch (const std::system_error&) {
  return false;
}

void print_end(const inkling::FitResult& result, bool stopped, const RunFolder& run, double train_seconds,
               double images) {
  if (stopped)
    fmt::print(stderr, "\nStopped by request: {} whole epochs and {} batches of the next.\n", result.epochs,
               result.batches_after);
  fmt::print(stderr, "\nTest accuracy {:.2f} % ± {:.2f} (standard error, {} images), loss {:.4f}\n",
             100 * result.test.accuracy, 100 * result.test.standard_error(), with_commas(result.test.count),
             result.test.loss);
  if (train_seconds > 0)
    fmt::print(stderr, "Trained in {:.2f} s, {} images/s\n", train_seconds,
               with_commas(static_cast<std::size_t>(images / train_seconds)));
  fmt::print(stderr, "Saved {}\nTry   inkling predict {} --random\n", run.model_path().string(), run.path().string());
}

void run_train(TrainArguments arguments) {
  const inkling::Runtime rt = arguments.machine.runtime();
  const inkling::Config config{.widths = parse_widths(arguments.layers), .ink = arguments.ink};
  inkling::check(config);
  const inkling::DataSplit data = load_source(arguments.data);
  inkling::check_fit(config, data.train);
  inkling::check_fit(config, data.test);
  arguments.fit.batch = std::min(arguments.fit.batch, data.train.count());

  const InterruptGuard guard;
  RunFolder run(arguments.out);
  run.write_config(config_json(arguments, config, data, rt));
  inkling::Mlp model(config, arguments.fit.seed);
  if (interrupted) throw CLI::RuntimeError(128 + interrupted);  // before any work: the folder goes with it
  print_start(arguments, model, data, rt, run);

  ProgressLine line;
  inkling::FitResult result;
  bool output_lost = false;
  double train_seconds = 0;
  const auto start = std::chrono::steady_clock::now();
  const inkling::FitCallbacks callbacks{
      .on_batch =
          [&](const inkling::FitProgress& p) {
            if (line.due()) line.show(train_progress(p, arguments.fit.epochs, data.train.count(), start));
            return interrupted == 0 && !output_lost;
          },
      .on_epoch =
          [&](const EpochReport& r) {
            line.clear();
            output_lost = !print_epoch(r, arguments.fit.epochs);
            train_seconds += r.train_seconds;
            result = {.epochs = r.epoch, .batches_after = 0, .test = r.test};
            run.append_metrics(metrics_json(r));
          }};
  try {
    result = inkling::fit(rt, model, data.train, data.test, arguments.fit, callbacks);
  } catch (const std::exception&) {
    line.clear();
    if (result.epochs > 0) {  // what was learnt before the failure is not lost
      run.save_model(model, model_info(arguments, config, data, result));
      fmt::print(stderr, "The model of epoch {} is in {}\n", result.epochs, run.model_path().string());
    }
    throw;
  }
  line.clear();
  run.save_model(model, model_info(arguments, config, data, result));
  const bool stopped = result.epochs < arguments.fit.epochs;
  print_end(result, stopped, run, train_seconds, static_cast<double>(result.epochs * data.train.count()));
  if (stopped && interrupted) throw CLI::RuntimeError(128 + interrupted);
}

}  // namespace

void add_train_command(CLI::App& app) {
  const auto arguments = std::make_shared<TrainArguments>();
  const auto batch = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("train", "Train a digit reader");
  command
      ->add_option(
          "--data", arguments->data,
          "mnist, fashion, sample, a folder with the four IDX files, or a Keras .npz file (default: mnist, searched as "
          "'inkling data find' shows)")
      ->type_name("SOURCE");
  command->add_option("--layers", arguments->layers, "Widths: inputs, hidden layers, outputs (default: 784,128,10)")
      ->check(layer_widths())
      ->type_name("W,W,...");
  command->add_option("--epochs", arguments->fit.epochs, "Passes over the training images (default: 20)")
      ->check(whole_number(1, 1000000))
      ->type_name("N");
  command->add_option("--batch", *batch, "Images a step, or full (default: 128)")
      ->check(whole_number_or("full", 1, UINT32_MAX))
      ->type_name("N|full");
  command->add_option("--lr,--learning-rate", arguments->fit.optimizer.learning_rate, "Learning rate (default: 0.1)")
      ->check(positive_number())
      ->type_name("RATE");
  command->add_option("--ink", arguments->ink, "What a full pixel is worth to the network (default: 3)")
      ->check(positive_number())
      ->type_name("X");
  command->add_option("--seed", arguments->fit.seed, "Seed of weights and shuffles (default: 1)")
      ->check(whole_number(0, UINT64_MAX))
      ->type_name("N");
  command->add_option("--out", arguments->out, "Folder of the run, new or empty (default: runs/DATE-TIME)")
      ->type_name("DIR");
  add_machine_options(*command, arguments->machine);
  command->footer(
      "The epochs' lines go to stdout, all else to stderr. Ctrl-C ends training after\n"
      "the running batch and saves; a second Ctrl-C stops at once. The same options\n"
      "give the same model file, byte for byte, for any --threads and --isa.\n\n"
      "Examples:\n"
      "  inkling train\n"
      "  inkling train --layers 784,300,100,10 --epochs 30 --out runs/deep\n"
      "  inkling train --data sample --lr 0.05 --batch 32");
  command->callback([arguments, batch] {
    if (*batch == "full")
      arguments->fit.batch = SIZE_MAX;
    else if (!batch->empty())
      arguments->fit.batch = std::stoull(*batch);
    run_train(*arguments);
  });
}
