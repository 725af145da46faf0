#include "inkling/train/recipe.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <variant>

#include "inkling/core/error.h"
#include "inkling/format/strict_json.h"

namespace inkling {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// What an option is in the recipe, with the values that it may take.
struct Count {
  std::size_t* value;
  std::size_t low, high;
  const char* word = nullptr;  // stands for the largest there is: "full"
};
struct Number {
  std::variant<float*, double*> value;
  double low = 0;
  bool low_too = true;  // whether low itself is allowed
  double below = std::numeric_limits<double>::infinity();
};
struct Flag {
  bool* value;
};
struct OneOf {
  std::span<const std::string_view> names;
  std::function<std::size_t()> get;
  std::function<void(std::size_t)> set;
};
struct Widths {
  std::vector<std::size_t>* value;
};
struct Numbers {
  std::vector<float>* value;
};
struct Activations {
  Config* config;
};
struct Name {
  std::string* value;
};
using Field = std::variant<Count, Number, Flag, OneOf, Widths, Numbers, Activations, Name>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Number above_0(float& value) { return {&value, 0, false}; }
Number not_negative(float& value) { return {&value}; }
Number share(float& value) { return {&value, 0, true, 1}; }

template <Choice E>
OneOf one_of(E& value) {
  return {choice_names(E{}), [&value] { return static_cast<std::size_t>(value); },
          [&value](std::size_t k) { value = static_cast<E>(k); }};
}

// The rate and moments that go with an optimiser, as its authors or PyTorch have them.
void take_usual(Optimizer::Options& o) {
  const Optimizer::Options plain;
  o.momentum = o.kind == Optimizer::muon ? 0.95f : plain.momentum;
  o.beta1 = plain.beta1;
  o.beta2 = o.kind == Optimizer::lion ? 0.99f : plain.beta2;
  o.epsilon = o.kind == Optimizer::adagrad ? 1e-10f : plain.epsilon;
  switch (o.kind) {
    case Optimizer::sgd: o.learning_rate = 0.1f; break;
    case Optimizer::momentum:
    case Optimizer::nesterov:
    case Optimizer::adagrad:
    case Optimizer::rprop: o.learning_rate = 0.01f; break;
    case Optimizer::rmsprop:
    case Optimizer::adam:
    case Optimizer::adamw: o.learning_rate = 0.001f; break;
    case Optimizer::lion: o.learning_rate = 0.0001f; break;
    case Optimizer::muon: o.learning_rate = 0.02f; break;
    case Optimizer::lbfgs: o.learning_rate = 1; break;
  }
}

struct Row {
  RecipeOption option;
  Field (*field)(Recipe&);
};

constexpr std::size_t kMillion = 1000000, kMany = std::numeric_limits<std::uint32_t>::max();

const Row kRows[] = {
    {{"layers", "Network", "W,W,...", "Widths: inputs, hidden layers, outputs"},
     [](Recipe& r) -> Field { return Widths{&r.network.widths}; }},
    {{"activation", "Network", "NAME",
      "Of the hidden layers, one or one for each: linear, relu, leaky_relu, elu, selu, "
      "gelu, gelu_tanh, silu, mish, sigmoid, tanh, scaled_tanh, softplus"},
     [](Recipe& r) -> Field { return Activations{&r.network}; }},
    {{"loss", "Network", "NAME",
      "cross_entropy and focal have softmax outputs, binary_cross_entropy sigmoid ones, "
      "mean_squared_error linear ones"},
     [](Recipe& r) -> Field {
       OneOf field = one_of(r.fit.gradient.loss.kind);
       field.set = [&r](std::size_t k) {
         r.fit.gradient.loss.kind = static_cast<Loss>(k);
         r.network.output = output_of(r.fit.gradient.loss.kind);
       };
       return field;
     }},
    {{"label_smoothing", "Network", "X", "Share of each target that is spread over all classes"},
     [](Recipe& r) -> Field { return share(r.fit.gradient.loss.label_smoothing); }},
    {{"class_weights", "Network", "X,X,...", "What each class counts in the loss; none: all the same"},
     [](Recipe& r) -> Field { return Numbers{&r.fit.gradient.loss.class_weights}; }},
    {{"focal_gamma", "Network", "X", "How much focal turns to the hard images"},
     [](Recipe& r) -> Field { return not_negative(r.fit.gradient.loss.focal_gamma); }},
    {{"ink", "Network", "X", "What a full pixel is worth to the network"},
     [](Recipe& r) -> Field { return above_0(r.network.ink); }},
    {{"batch_norm", "Network", "", "Normalise every hidden layer's sums over the batch"},
     [](Recipe& r) -> Field { return Flag{&r.network.batch_norm}; }},
    {{"init", "Network", "NAME",
      "auto takes the right one for the activation; he_normal, he_uniform, xavier_normal, "
      "xavier_uniform, lecun_normal, lecun_uniform, orthogonal, normal, uniform"},
     [](Recipe& r) -> Field { return one_of(r.init.kind); }},
    {{"init_scale", "Network", "X", "Of normal (its standard deviation) and uniform (its bound)"},
     [](Recipe& r) -> Field { return above_0(r.init.scale); }},

    {{"optimizer", "Optimiser", "NAME",
      "sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw, lion, muon; for --batch "
      "full also rprop, lbfgs. Sets its usual rate and moments"},
     [](Recipe& r) -> Field {
       OneOf field = one_of(r.fit.optimizer.kind);
       field.set = [&r](std::size_t k) {
         r.fit.optimizer.kind = static_cast<Optimizer::Kind>(k);
         take_usual(r.fit.optimizer);
       };
       return field;
     }},
    {{"learning_rate", "Optimiser", "X", "Learning rate"},
     [](Recipe& r) -> Field { return above_0(r.fit.optimizer.learning_rate); }},
    {{"momentum", "Optimiser", "X", "Of momentum, nesterov and muon"},
     [](Recipe& r) -> Field { return share(r.fit.optimizer.momentum); }},
    {{"beta1", "Optimiser", "X", "Of adam, adamw, lion: memory of the gradient"},
     [](Recipe& r) -> Field { return share(r.fit.optimizer.beta1); }},
    {{"beta2", "Optimiser", "X", "Of adam, adamw: memory of its square; of lion: of the gradient"},
     [](Recipe& r) -> Field { return share(r.fit.optimizer.beta2); }},
    {{"alpha", "Optimiser", "X", "Of rmsprop: memory of the gradient's square"},
     [](Recipe& r) -> Field { return share(r.fit.optimizer.alpha); }},
    {{"epsilon", "Optimiser", "X", "Of rmsprop, adagrad, adam, adamw: what keeps them from dividing by 0"},
     [](Recipe& r) -> Field { return above_0(r.fit.optimizer.epsilon); }},
    {{"weight_decay", "Optimiser", "X", "Decoupled: weights shrink by rate times this in each step"},
     [](Recipe& r) -> Field { return not_negative(r.fit.optimizer.weight_decay); }},
    {{"muon_adamw_rate", "Optimiser", "X", "Of muon: its adamw for biases takes the rate times this"},
     [](Recipe& r) -> Field { return above_0(r.fit.optimizer.muon_adamw_rate); }},
    {{"history", "Optimiser", "N", "Of lbfgs: steps that it remembers"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.optimizer.history, 1, 1000};
     }},

    {{"schedule", "Schedule", "NAME",
      "Of the learning rate: constant, step, exponential, cosine, one_cycle, "
      "reduce_on_plateau"},
     [](Recipe& r) -> Field { return one_of(r.fit.schedule.kind); }},
    {{"warmup", "Schedule", "N", "Steps in which the rate rises from 0, before any schedule"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.schedule.warmup, 0, kMany};
     }},
    {{"gamma", "Schedule", "X", "Of step, exponential, reduce_on_plateau: the rate's factor"},
     [](Recipe& r) -> Field {
       return Number{&r.fit.schedule.gamma, 0, false, std::nextafter(1.0, 2.0)};
     }},
    {{"step_epochs", "Schedule", "N", "Of step: epochs from one factor to the next"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.schedule.step_epochs, 1, kMillion};
     }},
    {{"plateau_patience", "Schedule", "N", "Of reduce_on_plateau: epochs without a lower loss"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.schedule.patience, 0, kMillion};
     }},
    {{"lowest_rate", "Schedule", "X", "Of cosine, reduce_on_plateau: where the rate ends"},
     [](Recipe& r) -> Field { return not_negative(r.fit.schedule.lowest); }},

    {{"l2", "Regularisation", "X", "L2 penalty: x W is added to the weights' gradient"},
     [](Recipe& r) -> Field { return not_negative(r.fit.gradient.penalty.l2); }},
    {{"l1", "Regularisation", "X", "L1 penalty: x sign(W) is added to it"},
     [](Recipe& r) -> Field { return not_negative(r.fit.gradient.penalty.l1); }},
    {{"max_norm", "Regularisation", "X", "Bound of the norm of each unit's incoming weights; 0: none"},
     [](Recipe& r) -> Field { return not_negative(r.fit.gradient.penalty.max_norm); }},
    {{"dropout", "Regularisation", "X", "Share of hidden units that a training pass leaves out"},
     [](Recipe& r) -> Field { return share(r.network.dropout); }},
    {{"dropout_input", "Regularisation", "X", "Share of pixels that it leaves out"},
     [](Recipe& r) -> Field { return share(r.network.dropout_input); }},
    {{"input_noise", "Regularisation", "X", "Standard deviation of noise on pixels, full ink being 1"},
     [](Recipe& r) -> Field { return not_negative(r.network.input_noise); }},
    {{"mixup", "Regularisation", "X", "Mix images and labels of a batch by Beta(x, x); 0: do not"},
     [](Recipe& r) -> Field { return not_negative(r.fit.gradient.mixup); }},
    {{"clip_norm", "Regularisation", "X", "Bound of the gradient's norm; 0: none"},
     [](Recipe& r) -> Field { return not_negative(r.fit.gradient.clip_norm); }},
    {{"clip_value", "Regularisation", "X", "Bound of each derivative; 0: none"},
     [](Recipe& r) -> Field { return not_negative(r.fit.gradient.clip_value); }},
    {{"ema", "Regularisation", "X", "Decay of an exponential average of the weights, used in their stead; 0: none"},
     [](Recipe& r) -> Field { return share(r.fit.averaging.ema); }},
    {{"swa_start", "Regularisation", "N", "First epoch whose end goes into a mean of the weights; 0: none"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.averaging.swa_start, 0, kMillion};
     }},

    {{"epochs", "Run", "N", "Passes over the training images"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.epochs, 1, kMillion};
     }},
    {{"batch", "Run", "N|full", "Images in a batch"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.batch, 1, kMany, "full"};
     }},
    {{"accumulate", "Run", "N", "Batches whose gradients make one step"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.accumulate, 1, kMillion};
     }},
    {{"precision", "Run", "NAME",
      "What training multiplies: fp32, or bf16, rounded to 8 bits of mantissa and fast on processors with AMX. The "
      "weights are fp32 either way"},
     [](Recipe& r) -> Field { return one_of(r.fit.precision); }},
    {{"seed", "Run", "N", "Seed of all that is random"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.seed, 0, std::numeric_limits<std::size_t>::max()};
     }},
    {{"max_steps", "Run", "N", "Stop after so many steps; 0: no limit"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.stop.max_steps, 0, kMany};
     }},
    {{"max_seconds", "Run", "X", "Stop after so much time; 0: no limit"},
     [](Recipe& r) -> Field { return Number{&r.fit.stop.max_seconds}; }},
    {{"target_accuracy", "Run", "X",
      "Stop once it is reached (0.98), on the validation images or else the test images; "
      "0: none"},
     [](Recipe& r) -> Field {
       return Number{&r.fit.stop.target_accuracy, 0, true, std::nextafter(1.0, 2.0)};
     }},
    {{"patience", "Run", "N", "Stop after so many reports without a better one on the validation images; 0: do not"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.stop.patience, 0, kMillion};
     }},
    {{"watch", "Run", "NAME", "What better means: loss, accuracy"},
     [](Recipe& r) -> Field { return one_of(r.fit.stop.watch); }},
    {{"keep", "Run", "NAME", "Weights to end with: last, or best on the validation images"},
     [](Recipe& r) -> Field { return one_of(r.fit.stop.keep); }},
    {{"report_every", "Run", "N", "Epochs from one evaluation and line to the next"},
     [](Recipe& r) -> Field {
       return Count{&r.fit.report_every, 1, kMillion};
     }},
    {{"limit_train", "Run", "N", "Train on the first N images; 0: all"},
     [](Recipe& r) -> Field {
       return Count{&r.limit_train, 0, kMany};
     }},
    {{"limit_test", "Run", "N", "Test on the first N images; 0: all"},
     [](Recipe& r) -> Field {
       return Count{&r.limit_test, 0, kMany};
     }},
    {{"validation", "Run", "X", "Share of the training images to hold out, even by class, for validation; 0: none"},
     [](Recipe& r) -> Field {
       return Number{&r.validation, 0, true, 1};
     }},
    {{"test_as_validation", "Run", "",
      "Validate with the test images: for a set whose test images are not those that the model will be judged by"},
     [](Recipe& r) -> Field { return Flag{&r.test_as_validation}; }},
    {{"refuse", "Run", "X",
      "Where there are validation images: the model learns when not to answer, and may refuse this share of them; 0: "
      "it always answers"},
     [](Recipe& r) -> Field {
       return Number{&r.refuse, 0, true, 1};
     }},
    {{"none_class", "Run", "NAME",
      "The data's class of images that are of no other class (scribbles, letters): the model will have its other "
      "classes, and refuse such images"},
     [](Recipe& r) -> Field { return Name{&r.none_class}; }},
};

// Keys of a run's config.json that are no options.
constexpr std::string_view kFacts[] = {"inkling", "preset", "init_from", "data", "machine"};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

// The whole text, as a number; a whole number with a 0 in front is none, because some would take it as octal.
template <typename T>
bool read(std::string_view text, T& value) {
  if (std::is_integral_v<T> && text.size() > 1 && text.front() == '0') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

[[noreturn]] void refuse(std::string_view name, const std::string& expected, std::string_view text) {
  const std::string quoted = in_quotes(text);  // in double quotes; a command line's errors have single ones
  fail(ErrorKind::config, "{}: expected {}, got '{}'", name, expected, quoted.substr(1, quoted.rfind('"') - 1));
}

// Sets a field from text, and says what was expected where that cannot be.
struct Set {
  std::string_view name, text;

  void operator()(const Count& f) const {
    std::size_t value = 0;
    const bool is_word = f.word != nullptr && text == f.word;
    if (!is_word && (!read(text, value) || value < f.low || value > f.high))
      refuse(name,
             fmt::format("a whole number from {} to {}{}", f.low, f.high, f.word ? fmt::format(" or {}", f.word) : ""),
             text);
    *f.value = is_word ? std::numeric_limits<std::size_t>::max() : value;
  }
  void operator()(const Number& f) const {
    const auto in_range = [&](double x) {
      return std::isfinite(x) && (f.low_too ? x >= f.low : x > f.low) && x < f.below;
    };
    double value = 0;
    const bool is_float = std::holds_alternative<float*>(f.value);
    const bool fits = read(text, value) && in_range(value);
    const auto narrow = static_cast<float>(value);  // may round to a bound, or away
    if (!fits || (is_float && !in_range(static_cast<double>(narrow)))) refuse(name, expected(f), text);
    if (is_float)
      *std::get<float*>(f.value) = narrow;
    else
      *std::get<double*>(f.value) = value;
  }
  void operator()(const Flag& f) const {
    if (text != "true" && text != "false") refuse(name, "true or false", text);
    *f.value = text == "true";
  }
  void operator()(const OneOf& f) const { f.set(choice_index(f.names, text, name)); }
  void operator()(const Widths& f) const {
    std::vector<std::size_t> widths;
    for (const std::string_view part : split(text)) {
      std::size_t width = 0;
      if (!read(part, width) || width == 0) widths.clear();
      if (width == 0) break;
      widths.push_back(width);
    }
    if (widths.size() < 2) refuse(name, "widths above 0 with commas between, such as 784,128,10", text);
    *f.value = widths;
  }
  void operator()(const Numbers& f) const {
    std::vector<float> numbers;
    if (!text.empty() && text != "none")
      for (const std::string_view part : split(text)) {
        float number = 0;
        if (!read(part, number) || !std::isfinite(number) || number < 0)
          refuse(name, "numbers, 0 or above, with commas between, or none", text);
        numbers.push_back(number);
      }
    *f.value = numbers;
  }
  void operator()(const Activations& f) const {
    std::vector<Activation> all;
    for (const std::string_view part : split(text)) all.push_back(choice_from_name<Activation>(part, name));
    f.config->activation = all.front();
    f.config->activations = all.size() > 1 ? all : std::vector<Activation>();
  }

  void operator()(const Name& f) const {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::ranges::any_of(text, is_control)) refuse(name, "a name without control characters", text);
    *f.value = text;
  }

  static std::string expected(const Number& f) {
    const std::string from =
        f.low_too ? fmt::format("a number from {}", f.low) : fmt::format("a finite number above {}", f.low);
    if (f.below == kInfinity) return from;
    return fmt::format("{} to {}1", from, f.below > 1 ? "" : "below ");
  }
};

// 0.1f as 0.1 and not as 0.10000000149011612.
double as_written(float value) { return std::stod(fmt::format("{}", value)); }

struct Get {
  ordered_json operator()(const Count& f) const {
    if (f.word != nullptr && *f.value > f.high) return f.word;
    return *f.value;
  }
  ordered_json operator()(const Number& f) const {
    if (const auto* narrow = std::get_if<float*>(&f.value)) return as_written(**narrow);
    return *std::get<double*>(f.value);
  }
  ordered_json operator()(const Flag& f) const { return *f.value; }
  ordered_json operator()(const OneOf& f) const { return std::string(f.names[f.get()]); }
  ordered_json operator()(const Widths& f) const { return *f.value; }
  ordered_json operator()(const Numbers& f) const {
    ordered_json list = ordered_json::array();
    for (const float each : *f.value) list.push_back(as_written(each));
    return list;
  }
  ordered_json operator()(const Name& f) const { return *f.value; }
  ordered_json operator()(const Activations& f) const {
    if (f.config->activations.empty()) return std::string(inkling::name(f.config->activation));
    ordered_json list = ordered_json::array();
    for (const Activation each : f.config->activations) list.push_back(std::string(inkling::name(each)));
    return list;
  }
};

const Row& row_named(std::string_view name) {
  const auto at = std::ranges::find(kRows, name, [](const Row& row) { return row.option.name; });
  if (at != std::end(kRows)) return *at;
  std::vector<std::string_view> names;
  for (const Row& row : kRows) names.push_back(row.option.name);
  const std::string_view near = nearest_name(names, name);
  fail(ErrorKind::config, "{} is not an option{}", in_quotes(name),
       near.empty() ? "; see inkling train --help" : fmt::format("; did you mean '{}'?", near));
}

ordered_json value_of(const Recipe& recipe, const Row& row) {
  return std::visit(Get(), row.field(const_cast<Recipe&>(recipe)));  // Get only reads
}

// A JSON value as the text that set_option takes.
std::string text_of(const json& value, std::string_view where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_integer()) return value.dump();
  if (value.is_number()) return fmt::format("{}", value.get<double>());
  if (!value.is_array())
    fail(ErrorKind::format, "{}: expected a number, a text, true or false, or a list, found {}", where,
         value.type_name());
  std::string text;
  for (const json& each : value) {
    if (each.is_array()) fail(ErrorKind::format, "{}: a list inside a list", where);
    if (!text.empty()) text += ',';
    text += text_of(each, where);
  }
  return text;
}

// The class is told from the others by a softmax, and what it is worth by held-out images.
void check_none_class(const Recipe& recipe) {
  if (recipe.network.output != Output::softmax)
    fail(ErrorKind::config, "none_class {} needs a loss with softmax outputs: cross_entropy or focal",
         in_quotes(recipe.none_class));
  if (!recipe.has_validation() || recipe.refuse == 0)
    fail(ErrorKind::config,
         "none_class {} is to be refused: that needs validation images (validation 0.1) and refuse above 0",
         in_quotes(recipe.none_class));
}

}  // namespace

std::vector<std::size_t> Recipe::saved_widths() const {
  std::vector<std::size_t> widths = network.widths;
  if (!none_class.empty()) --widths.back();
  return widths;
}

std::span<const RecipeOption> recipe_options() {
  static const std::vector<RecipeOption> options = [] {
    std::vector<RecipeOption> all;
    for (const Row& row : kRows) all.push_back(row.option);
    return all;
  }();
  return options;
}

void set_option(Recipe& recipe, std::string_view name, std::string_view text) {
  std::visit(Set{name, text}, row_named(name).field(recipe));
}

std::string option_text(const Recipe& recipe, std::string_view name) {
  return text_of(value_of(recipe, row_named(name)), name);
}

void apply_json(Recipe& recipe, std::string_view json_text, std::string_view where) {
  const json object = parse_json_object(json_text, where);
  for (const auto& [key, value] : object.items())
    if (std::ranges::find(kFacts, key) == std::end(kFacts)) try {
        row_named(key);
      } catch (const Error& error) {
        fail(error.kind(), "{}: {}", where, error.what());
      }
  for (const Row& row : kRows) {
    const auto at = object.find(row.option.name);
    if (at == object.end()) continue;
    try {
      set_option(recipe, row.option.name, text_of(*at, row.option.name));
    } catch (const Error& error) {
      fail(error.kind(), "{}: {}", where, error.what());
    }
  }
}

std::string to_json(const Recipe& recipe) {
  // A line an option, lists included: nlohmann's own indentation would give each width a line.
  std::string text = "{";
  for (const Row& row : kRows)
    text += fmt::format("{}\n  \"{}\": {}", text.size() > 1 ? "," : "", row.option.name, value_of(recipe, row).dump());
  return text + "\n}\n";
}

void check(const Recipe& recipe) {
  check(recipe.network);
  check(recipe.fit, recipe.network, recipe.has_validation());
  if (recipe.validation > 0 && recipe.test_as_validation)
    fail(ErrorKind::config, "validation {} and test_as_validation are two answers to one question: give one of them",
         recipe.validation);
  if (!recipe.none_class.empty()) check_none_class(recipe);
  const Optimizer::Kind kind = recipe.fit.optimizer.kind;
  if ((kind == Optimizer::rprop || kind == Optimizer::lbfgs) &&
      recipe.fit.batch != std::numeric_limits<std::size_t>::max())
    fail(ErrorKind::config,
         "optimizer {} compares one gradient with the next and needs the same images in each: give batch full, "
         "or take another optimizer",
         name(kind));
  const Config& network = recipe.network;
  if (kind == Optimizer::lbfgs &&
      (network.dropout > 0 || network.dropout_input > 0 || network.input_noise > 0 || recipe.fit.gradient.mixup > 0))
    fail(ErrorKind::config,
         "lbfgs needs a loss that does not change from step to step: leave out dropout, noise and mixup");
}

void apply_preset(Recipe& recipe, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  const Preset& preset = presets()[choice_index(names, name, "preset")];
  apply_json(recipe, preset.json, fmt::format("preset {}", name));
}

}  // namespace inkling
