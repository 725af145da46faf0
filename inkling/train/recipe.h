// Every choice of a training run in one struct, and all of them as data: one table of names, ranges and helps from
// which the command line, config files, presets and the run's record are made.
//
// A value is given as text ("0.1", "784,128,10", "relu") or as the JSON value of the same meaning. Options are applied
// in the order of the table, where `optimizer` stands before `learning_rate`: choosing an optimiser sets its usual rate
// and moments, unless they are given, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/model/config.h"
#include "inkling/model/init.h"
#include "inkling/train/fit.h"

namespace inkling {

struct Recipe {
  Config network{.widths = {784, 128, 10}};
  InitOptions init{};
  FitOptions fit{};
  std::size_t limit_train = 0;  // first images of each part; 0: all
  std::size_t limit_test = 0;
  double validation = 0;            // share of the training images held out; 0: none
  bool test_as_validation = false;  // the test images are the validation images, too
  double refuse = 0.01;    // share of the validation images that the model may refuse to answer for; 0: it answers all
  std::string none_class;  // of the data: images that are of none of the other classes; empty: there is none such

  // Of the network that is saved: without the output for none_class.
  std::vector<std::size_t> saved_widths() const;
  bool has_validation() const { return validation > 0 || test_as_validation; }
  bool operator==(const Recipe&) const = default;
};

struct RecipeOption {
  std::string_view name;         // "learning_rate"; "--learning-rate" on the command line
  std::string_view group;        // heading in help
  std::string_view placeholder;  // of the value in help; empty for a flag, which is "true" or "false"
  std::string_view help;
};

// In the order in which they are to be applied.
std::span<const RecipeOption> recipe_options();

// Throws Error config: a name that is not known (with the nearest), a text that is no value, a value out of its range.
void set_option(Recipe& recipe, std::string_view name, std::string_view text);
// The value as set_option takes it.
std::string option_text(const Recipe& recipe, std::string_view name);

// A JSON object of options. Keys that a run's config.json has besides are passed over. `where` begins every error's
// text. Throws Error: format (no JSON, a value of no use), config (as above).
void apply_json(Recipe& recipe, std::string_view json_text, std::string_view where);
// All options, a line each.
std::string to_json(const Recipe& recipe);

// Throws Error: what the options together cannot do.
void check(const Recipe& recipe);

// Recipes that the program carries: presets/NAME.json.
struct Preset {
  std::string_view name;
  std::string_view json;
};
std::span<const Preset> presets();
// Throws Error config: there is no such preset; names the nearest.
void apply_preset(Recipe& recipe, std::string_view name);

}  // namespace inkling
