// inkling gradcheck: backprop against complex step and central differences.
#include "inkling/model/gradcheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/commands.h"
#include "app/recipe_options.h"
#include "app/usage.h"
#include "inkling/model/gradcheck_grid.h"

namespace {

struct GradcheckArguments {
  std::shared_ptr<RecipeArguments> recipe = std::make_shared<RecipeArguments>();
  inkling::GradcheckOptions options;
  bool all = false;
  MachineOptions machine;
};

void print_verdict(bool passed) {
  fmt::print("\n{} (bounds: {:.0e} for backprop, {:.0e} for the pair in double)\n", passed ? "Passed" : "FAILED",
             inkling::kBackpropTolerance, inkling::kDoubleTolerance);
  if (!passed) throw CLI::RuntimeError(1);
}

void check_one(const GradcheckArguments& arguments, const inkling::Runtime& rt) {
  const inkling::Recipe recipe = arguments.recipe->recipe();
  inkling::check(recipe.network);
  inkling::GradcheckOptions options = arguments.options;
  options.seed = recipe.fit.seed;
  options.loss = recipe.fit.gradient.loss;
  options.penalty = recipe.fit.gradient.penalty;
  options.mixup = recipe.fit.gradient.mixup;
  inkling::Mlp model(recipe.network);
  inkling::initialize(model, options.seed, recipe.init);
  fmt::print("{}, {}, {}\n{} images of random pixels, seed {}, {}\n\n", describe(model.config()),
             describe_activations(model.config()), name(options.loss.kind), options.images, options.seed,
             rt.describe());
  fmt::print("                                 |a - n| / (|a| + |n|)\n");
  fmt::print("tensor          checked     backprop,    central diff.,\n");
  fmt::print("                            fp32         double        vs. complex step\n");

  bool passed = true;
  for (const inkling::TensorCheck& check : gradcheck(rt, model, options)) {
    fmt::print("{:<12} {:>10}     {:.2e}     {:.2e}      {}\n", check.name,
               check.checked == check.size ? fmt::format("all {}", check.size)
                                           : fmt::format("{}/{}", check.checked, check.size),
               check.backprop, check.central, check.passed() ? "ok" : "FAILED");
    passed = passed && check.passed();
  }
  print_verdict(passed);
}

// A line an activation and option, a column a loss: the worst difference of backprop, "!" where a cell fails.
void check_all(const GradcheckArguments& arguments, const inkling::Runtime& rt) {
  const std::string seed_text = arguments.recipe->given.contains("seed") ? arguments.recipe->given.at("seed") : "1";
  const std::vector<inkling::GridCell> cells = inkling::gradcheck_grid(rt, std::stoull(seed_text));
  const std::vector<std::string> losses = inkling::grid_losses(), options = inkling::grid_options();
  constexpr const char* kShort[] = {"cross", "label", "class", "focal", "binary", "square"};
  fmt::print(
      "Every activation x loss x option on 7-6-5-4, every parameter; the worst tensor's\n"
      "difference of backprop from complex step. {}\n\n{:<24}",
      rt.describe(), "");
  for (const char* each : kShort) fmt::print("{:>9}", each);
  fmt::print("\n");
  double worst = 0, worst_central = 0;
  bool passed = true;
  for (std::size_t a = 0; a * losses.size() * options.size() < cells.size(); ++a)
    for (std::size_t o = 0; o < options.size(); ++o) {
      const std::string activation(name(cells[a * losses.size() * options.size()].activation));
      fmt::print("{:<12}{:<12}", o == 0 ? activation : "", options[o]);
      for (std::size_t l = 0; l < losses.size(); ++l) {
        const inkling::GridCell& cell = cells[(a * losses.size() + l) * options.size() + o];
        fmt::print("{:>9}", fmt::format("{:.0e}{}", cell.backprop, cell.passed ? "" : "!"));
        worst = !(cell.backprop <= worst) ? cell.backprop : worst;
        worst_central = !(cell.central <= worst_central) ? cell.central : worst_central;
        passed = passed && cell.passed;
      }
      fmt::print("\n");
    }
  fmt::print("\n{} cells; worst: {:.1e} for backprop, {:.1e} for central differences\n", cells.size(), worst,
             worst_central);
  print_verdict(passed);
}

}  // namespace

void add_gradcheck_command(CLI::App& app) {
  const auto arguments = std::make_shared<GradcheckArguments>();
  CLI::App* command = app.add_subcommand("gradcheck", "Check backprop against two other ways to differentiate");
  command->add_flag("--all", arguments->all, "Check every activation with every loss and option, on small nets");
  command
      ->add_option("--parameters", arguments->options.parameters_a_tensor,
                   "Parameters checked in each tensor, chosen at random; 0 checks all (default: 256)")
      ->check(whole_number(0, 1u << 30))
      ->type_name("N");
  command->add_option("--images", arguments->options.images, "Images in the batch (default: 5)")
      ->check(whole_number(1, 10000))
      ->type_name("N");
  add_machine_options(*command, arguments->machine);
  add_recipe_options(*command, arguments->recipe);
  command->footer(
      "Takes every option of train; those that do not touch the gradient of one batch\n"
      "change nothing here. Exits with 1 when a tensor's gradient is off by more than\n"
      "the bounds.\n\n"
      "Examples:\n"
      "  inkling gradcheck\n"
      "  inkling gradcheck --all\n"
      "  inkling gradcheck --layers 5,4,3,2 --activation gelu --batch-norm\n"
      "  inkling gradcheck --layers 784,25,25,10 --isa portable");
  command->callback([arguments] {
    const inkling::Runtime rt = arguments->machine.runtime();
    if (arguments->all)
      check_all(*arguments, rt);
    else
      check_one(*arguments, rt);
  });
}
