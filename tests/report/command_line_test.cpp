// The command that repeats a run: what it says, read back by the options' own code, is the run's recipe.
#include "inkling/report/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace inkling {
namespace {

RunHistory run_of(const Recipe& recipe, const std::string& preset = "") {
  RunHistory run{.folder = "runs/a b", .recipe = recipe, .preset = preset};
  run.data.source = "mnist";
  return run;
}

// The recipe that a command without quotes asks for.
Recipe recipe_of(const std::string& command) {
  std::istringstream words(command);
  std::string word, value;
  words >> word >> word;  // inkling train
  std::map<std::string, std::string> given;
  Recipe recipe;
  while (words >> word) {
    std::string name = word.substr(2);
    std::ranges::replace(name, '-', '_');
    const bool flag = name == "batch_norm";
    if (flag)
      value = "true";
    else
      words >> value;
    if (name == "preset")
      apply_preset(recipe, value);
    else
      given[name] = value;
  }
  for (const RecipeOption& option : recipe_options())  // in the order in which the command line applies them
    if (const auto at = given.find(std::string(option.name)); at != given.end())
      set_option(recipe, option.name, at->second);
  return recipe;
}

TEST(CommandLine, OfTheDefaultsIsBare) { EXPECT_EQ(command_line(run_of({})), "inkling train"); }

TEST(CommandLine, NamesWhatIsNotUsualAndNoMore) {
  Recipe recipe;
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"layers", "784,30,10"}, {"optimizer", "adamw"}, {"batch_norm", "true"}, {"batch", "full"}, {"seed", "7"}})
    set_option(recipe, name, value);
  EXPECT_EQ(command_line(run_of(recipe)),
            "inkling train --layers 784,30,10 --batch-norm --optimizer adamw --batch full --seed 7");
}

TEST(CommandLine, GivesEveryOptionBack) {
  const std::pair<const char*, const char*> changes[] = {
      {"activation", "tanh,relu"}, {"class_weights", "1,2,0.5"}, {"optimizer", "adagrad"}, {"optimizer", "lion"},
      {"learning_rate", "0.1"},    {"label_smoothing", "0.1"},   {"schedule", "cosine"},   {"ink", "1.5"},
      {"dropout", "0.3333333"},    {"validation", "0.1"},        {"loss", "focal"},        {"batch", "17"}};
  for (const Preset& preset : presets()) {
    Recipe recipe;
    apply_preset(recipe, preset.name);
    for (const auto& [name, value] : changes) {
      set_option(recipe, name, value);
      EXPECT_EQ(recipe_of(command_line(run_of(recipe, std::string(preset.name)))), recipe) << preset.name << name;
      EXPECT_EQ(recipe_of(command_line(run_of(recipe))), recipe) << name;
    }
  }
}

TEST(CommandLine, FallsBackToTheConfigWhereOptionsCannotSayIt) {
  Recipe recipe;
  apply_preset(recipe, "dropout");
  ASSERT_TRUE(recipe.network.batch_norm);
  recipe.network.batch_norm = false;
  EXPECT_EQ(command_line(run_of(recipe, "dropout")), "inkling train --config 'runs/a b/config.json'");
  // A preset that this program does not know: its options stand in the recipe.
  EXPECT_EQ(recipe_of(command_line(run_of(recipe, "gone"))), recipe);
}

TEST(CommandLine, QuotesWhatAShellWouldTakeForSomethingElse) {
  EXPECT_EQ(shell_quoted("a-b_1,2/c.d:e"), "a-b_1,2/c.d:e");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("$(rm -r x)"), "'$(rm -r x)'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  RunHistory run = run_of({});
  run.data.source = "my data";
  run.init_from = "a;b";
  EXPECT_EQ(command_line(run), "inkling train --init-from 'a;b' --data 'my data'");
}

TEST(CommandLine, KnowsWhichOptionsSomebodyChose) {
  Recipe recipe;
  set_option(recipe, "optimizer", "adam");  // brings its usual rate with it
  for (const OptionValue& option : option_values(run_of(recipe)))
    EXPECT_EQ(option.usual, option.name != "optimizer") << option.name;
}

}  // namespace
}  // namespace inkling
