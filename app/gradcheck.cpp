// inkling gradcheck: backprop against complex step and central differences.
#include "inkling/model/gradcheck.h"

#include <fmt/format.h>

#include <memory>

#include "app/commands.h"
#include "app/usage.h"

namespace {

struct GradcheckArguments {
  std::string layers = "784,128,10";
  inkling::GradcheckOptions options;
  MachineOptions machine;
};

void run_gradcheck(const GradcheckArguments& arguments) {
  const inkling::Runtime rt = arguments.machine.runtime();
  const inkling::Mlp model({.widths = parse_widths(arguments.layers)}, arguments.options.seed);
  fmt::print("{}, {} images of random pixels, seed {}, {}\n\n", describe(model.config()), arguments.options.images,
             arguments.options.seed, rt.describe());
  fmt::print("                                 |a - n| / (|a| + |n|)\n");
  fmt::print("tensor          checked     backprop,    central diff.,\n");
  fmt::print("                            fp32         double        vs. complex step\n");

  bool passed = true;
  for (const inkling::TensorCheck& check : gradcheck(rt, model, arguments.options)) {
    fmt::print("{:<12} {:>10}     {:.2e}     {:.2e}      {}\n", check.name,
               check.checked == check.size ? fmt::format("all {}", check.size)
                                           : fmt::format("{}/{}", check.checked, check.size),
               check.backprop, check.central, check.passed() ? "ok" : "FAILED");
    passed = passed && check.passed();
  }
  fmt::print("\n{} (bounds: {:.0e} for backprop, {:.0e} for the pair in double)\n", passed ? "Passed" : "FAILED",
             inkling::kBackpropTolerance, inkling::kDoubleTolerance);
  if (!passed) throw CLI::RuntimeError(1);
}

}  // namespace

void add_gradcheck_command(CLI::App& app) {
  const auto arguments = std::make_shared<GradcheckArguments>();
  CLI::App* command = app.add_subcommand("gradcheck", "Check backprop against two other ways to differentiate");
  command->add_option("--layers", arguments->layers, "Widths (default: 784,128,10)")
      ->check(layer_widths())
      ->type_name("W,W,...");
  command
      ->add_option("--parameters", arguments->options.parameters_a_tensor,
                   "Parameters checked in each tensor, chosen at random; 0 checks all (default: 256)")
      ->check(whole_number(0, 1u << 30))
      ->type_name("N");
  command->add_option("--images", arguments->options.images, "Images in the batch (default: 5)")
      ->check(whole_number(1, 10000))
      ->type_name("N");
  command->add_option("--seed", arguments->options.seed, "Seed of weights, images and choice (default: 1)")
      ->check(whole_number(0, UINT64_MAX))
      ->type_name("N");
  add_machine_options(*command, arguments->machine);
  command->footer(
      "Exits with 1 when a tensor's gradient is off by more than the bounds.\n\n"
      "Examples:\n"
      "  inkling gradcheck\n"
      "  inkling gradcheck --layers 5,4,3,2 --parameters 0\n"
      "  inkling gradcheck --layers 784,25,25,10 --isa portable");
  command->callback([arguments] { run_gradcheck(*arguments); });
}
