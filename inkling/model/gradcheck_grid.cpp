#include "inkling/model/gradcheck_grid.h"

#include <algorithm>
#include <cmath>

#include "inkling/model/init.h"

namespace inkling {
namespace {

struct NamedLoss {
  const char* name;
  LossOptions options;
};

struct NamedOption {
  const char* name;
  void (*set)(Config&, GradcheckOptions&);
};

constexpr std::size_t kInputs = 7, kClasses = 4;

const std::vector<NamedLoss>& losses() {
  static const std::vector<float> weights = {0.5f, 2.0f, 1.0f, 0.25f};
  static const std::vector<NamedLoss> all = {
      {"cross_entropy", {}},
      {"label_smoothing", {.label_smoothing = 0.1f, .class_weights = {}}},
      {"class_weights", {.label_smoothing = 0.1f, .class_weights = weights}},
      {"focal", {.kind = Loss::focal, .class_weights = {}}},
      {"binary_cross_entropy", {.kind = Loss::binary_cross_entropy, .class_weights = weights}},
      {"mean_squared_error", {.kind = Loss::mean_squared_error, .class_weights = {}}},
  };
  return all;
}

const std::vector<NamedOption>& options() {
  static const std::vector<NamedOption> all = {
      {"plain", [](Config&, GradcheckOptions&) {}},
      {"dropout", [](Config& c, GradcheckOptions&) { c.dropout = 0.4f, c.dropout_input = 0.2f; }},
      {"batch_norm", [](Config& c, GradcheckOptions&) { c.batch_norm = true; }},
      {"input_noise", [](Config& c, GradcheckOptions&) { c.input_noise = 0.3f; }},
      {"mixup", [](Config&, GradcheckOptions& o) { o.mixup = 0.8f; }},
      {"l1_l2", [](Config&, GradcheckOptions& o) { o.penalty = {.l2 = 0.01f, .l1 = 0.003f}; }},
      {"all_at_once",
       [](Config& c, GradcheckOptions& o) {
         c.dropout = 0.25f, c.dropout_input = 0.2f, c.input_noise = 0.3f, c.batch_norm = true;
         o.mixup = 0.8f;
         o.penalty = {.l2 = 0.01f, .l1 = 0.003f};
       }},
  };
  return all;
}

// The larger of two differences; what is not a number is worst.
double worse(double a, double b) { return std::isnan(a) || a >= b ? a : b; }

}  // namespace

std::vector<std::string> grid_losses() {
  std::vector<std::string> names;
  for (const NamedLoss& each : losses()) names.emplace_back(each.name);
  return names;
}

std::vector<std::string> grid_options() {
  std::vector<std::string> names;
  for (const NamedOption& each : options()) names.emplace_back(each.name);
  return names;
}

std::vector<GridCell> gradcheck_grid(const Runtime& rt, std::uint64_t seed) {
  std::vector<GridCell> cells;
  for (std::size_t a = 0; a < choice_names(Activation{}).size(); ++a)
    for (const NamedLoss& loss : losses())
      for (const NamedOption& option : options()) {
        GridCell cell{.activation = static_cast<Activation>(a), .loss = loss.name, .option = option.name};
        Config config{.widths = {kInputs, 6, 5, kClasses},
                      .activation = cell.activation,
                      .output = output_of(loss.options.kind),
                      .ink = 1};
        GradcheckOptions check{.images = 8, .parameters_a_tensor = 0, .seed = seed, .loss = loss.options};
        option.set(config, check);
        cell.passed = true;
        for (const TensorCheck& tensor : gradcheck(rt, Mlp(config, seed), check)) {
          cell.backprop = worse(cell.backprop, tensor.backprop);
          cell.central = worse(cell.central, tensor.central);
          cell.passed = cell.passed && tensor.passed();
        }
        cells.push_back(cell);
      }
  return cells;
}

}  // namespace inkling
