// Every choice of a run as text and as JSON: what is written is read back, what is wrong is refused by name.
#include "inkling/train/recipe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/format/refusal.h"

namespace inkling {
namespace {

using nlohmann::json;

struct Texts {
  std::string changed;           // a value that is not the default
  std::vector<std::string> bad;  // values of no use
};

// Every option; a new one without a line here fails EveryOptionIsTested.
const std::map<std::string, Texts>& texts() {
  const std::vector<std::string> shares{"1", "-0.1", "nan",          "1.5",
                                        "x", "",     "0.99999999999"};  // the last is 1 as a float
  const std::vector<std::string> above_0{"0", "-1", "nan", "inf", "x", "", "1e-60", "1e60", "0.1 "};
  const std::vector<std::string> not_negative{"-1", "nan", "inf", "x", "", "1e60", "-1e-9"};
  const std::vector<std::string> names{"surprise", "", "relu,surprise"};
  const std::vector<std::string> counts_from_0{"-1", "1.5", "x", "", "1e3", "010", "99999999999999999999", "full"};
  std::vector<std::string> counts = counts_from_0;
  counts.push_back("0");
  std::vector<std::string> batches = counts;
  std::erase(batches, "full");
  static const std::map<std::string, Texts> all{
      {"layers", {"784,30,20,10", {"784", "", "784,,10", "784,0,10", "784,-5,10", "784,10,", "a,b", "784;10"}}},
      {"activation", {"tanh,gelu", names}},
      {"loss", {"binary_cross_entropy", names}},
      {"label_smoothing", {"0.1", shares}},
      {"class_weights", {"1,2,3,4,5,6,7,8,9,0.5", {"1,-1", "1,,2", "nan", "x", "1,1e60"}}},
      {"focal_gamma", {"1.5", not_negative}},
      {"ink", {"1", above_0}},
      {"batch_norm", {"true", {"1", "yes", "", "True"}}},
      {"init", {"orthogonal", names}},
      {"init_scale", {"0.01", above_0}},
      {"optimizer", {"muon", names}},
      {"learning_rate", {"0.0123", above_0}},
      {"momentum", {"0.8", shares}},
      {"beta1", {"0.85", shares}},
      {"beta2", {"0.9", shares}},
      {"alpha", {"0.95", shares}},
      {"epsilon", {"1e-06", above_0}},
      {"weight_decay", {"0.01", not_negative}},
      {"muon_adamw_rate", {"0.1", above_0}},
      {"history", {"7", {"0", "1001", "-1", "x"}}},
      {"schedule", {"cosine", names}},
      {"warmup", {"100", counts_from_0}},
      {"gamma", {"0.5", {"0", "1.1", "-1", "nan", "x", ""}}},
      {"step_epochs", {"3", counts}},
      {"plateau_patience", {"4", counts_from_0}},
      {"lowest_rate", {"1e-05", not_negative}},
      {"l2", {"0.001", not_negative}},
      {"l1", {"0.0001", not_negative}},
      {"max_norm", {"2", not_negative}},
      {"dropout", {"0.5", shares}},
      {"dropout_input", {"0.2", shares}},
      {"input_noise", {"0.3", not_negative}},
      {"mixup", {"0.4", not_negative}},
      {"clip_norm", {"1", not_negative}},
      {"clip_value", {"0.25", not_negative}},
      {"ema", {"0.999", shares}},
      {"swa_start", {"5", counts_from_0}},
      {"epochs", {"33", counts}},
      {"batch", {"full", batches}},
      {"accumulate", {"4", counts}},
      {"precision", {"bf16", names}},
      {"seed", {"18446744073709551615", {"-1", "1.5", "x", "", "99999999999999999999"}}},
      {"test_as_validation", {"true", {"1", "yes", ""}}},
      {"refuse", {"0.02", {"1", "-0.1", "nan", "1.5", "x", ""}}},
      {"none_class", {"scribble", {"a\nb", "a\x7F"}}},
      {"max_steps", {"1000", counts_from_0}},
      {"max_seconds", {"12.5", {"-1", "nan", "inf", "x", ""}}},
      {"target_accuracy", {"0.98", {"1.1", "-0.1", "nan", "x", ""}}},
      {"patience", {"6", counts_from_0}},
      {"watch", {"accuracy", names}},
      {"keep", {"best", names}},
      {"report_every", {"2", counts}},
      {"limit_train", {"6000", counts_from_0}},
      {"limit_test", {"100", counts_from_0}},
      {"validation", {"0.1", {"1", "-0.1", "nan", "x", ""}}},
  };
  return all;
}

Recipe all_changed() {
  Recipe recipe;
  for (const RecipeOption& option : recipe_options())
    set_option(recipe, option.name, texts().at(std::string(option.name)).changed);
  return recipe;
}

TEST(RecipeOptions, EveryOptionIsTested) {
  std::set<std::string> names;
  for (const RecipeOption& option : recipe_options()) {
    EXPECT_TRUE(texts().contains(std::string(option.name))) << option.name;
    EXPECT_TRUE(names.emplace(option.name).second) << option.name << " stands twice";
    EXPECT_FALSE(option.help.empty() || option.group.empty()) << option.name;
  }
  EXPECT_EQ(names.size(), texts().size());
}

TEST(RecipeOptions, DefaultsAreWhatTheirTextsSay) {
  for (const RecipeOption& option : recipe_options()) {
    Recipe recipe;
    set_option(recipe, option.name, option_text(Recipe(), option.name));
    if (option.name == "optimizer") continue;  // sets its usual rate, too: below
    EXPECT_TRUE(recipe == Recipe()) << option.name;
  }
  Recipe recipe;
  set_option(recipe, "optimizer", "sgd");
  EXPECT_TRUE(recipe == Recipe()) << "sgd's usual rate is the default";
}

TEST(RecipeOptions, AChangedValueChangesTheRecipeAndIsSaidAgain) {
  for (const RecipeOption& option : recipe_options()) {
    Recipe recipe;
    const std::string& text = texts().at(std::string(option.name)).changed;
    set_option(recipe, option.name, text);
    EXPECT_FALSE(recipe == Recipe()) << option.name;
    EXPECT_EQ(option_text(recipe, option.name), text) << option.name;
    if (option.name == "optimizer") continue;
    for (const RecipeOption& other : recipe_options()) {
      if (other.name == option.name) continue;
      EXPECT_EQ(option_text(recipe, other.name), option_text(Recipe(), other.name))
          << option.name << ", " << other.name;
    }
  }
}

TEST(RecipeOptions, ValuesOfNoUseAreRefusedByTheOptionsName) {
  for (const auto& [key, both] : texts())
    for (const std::string& bad : both.bad) {
      const std::string& name = key;  // which a function may capture
      Recipe recipe;
      EXPECT_TRUE(refuses(ErrorKind::config, name, [&] { set_option(recipe, name, bad); }))
          << name << " '" << bad << "'";
      EXPECT_TRUE(recipe == Recipe()) << name << " '" << bad << "' has changed it";
    }
}

TEST(RecipeOptions, AnUnknownNameNamesTheNearest) {
  Recipe recipe;
  EXPECT_TRUE(refuses(ErrorKind::config, "'learning_rate'", [&] { set_option(recipe, "lerning_rate", "1"); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "'dropout'", [&] { set_option(recipe, "drop_out", "1"); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "'relu'", [&] { set_option(recipe, "activation", "rellu"); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "--help", [&] { set_option(recipe, "zzzzzzzzzzzzzz", "1"); }));
}

TEST(RecipeJson, ARecipeWithEveryOptionChangedSurvives) {
  const Recipe changed = all_changed();
  Recipe read;
  apply_json(read, to_json(changed), "file");
  EXPECT_TRUE(read == changed);
  EXPECT_EQ(to_json(read), to_json(changed));
  const json written = json::parse(to_json(changed));
  EXPECT_EQ(written.size(), recipe_options().size());
  const json defaults = json::parse(to_json(Recipe()));
  for (const auto& [key, value] : written.items()) EXPECT_NE(value, defaults[key]) << key;
  EXPECT_EQ(written["learning_rate"].dump(), "0.0123") << "as a person would write it";
}

TEST(RecipeJson, EachDefaultCanBeGivenBack) {
  Recipe read = all_changed();
  apply_json(read, to_json(Recipe()), "file");
  EXPECT_TRUE(read == Recipe());
}

TEST(RecipeJson, AnUnknownKeyNamesTheFileAndTheNearest) {
  Recipe recipe;
  EXPECT_TRUE(refuses(ErrorKind::config, "my.json: \"epoch\" is not an option; did you mean 'epochs'?",
                      [&] { apply_json(recipe, R"({"epoch": 3})", "my.json"); }));
  EXPECT_TRUE(recipe == Recipe());
}

TEST(RecipeJson, ValuesOfNoUseNameTheFileAndTheOption) {
  for (const char* text :
       {R"({"dropout": 1})", R"({"dropout": "much"})", R"({"dropout": null})", R"({"dropout": {}})",
        R"({"dropout": [0.1, 0.2]})", R"({"dropout": true})", R"({"dropout": [[0.1]]})", R"({"dropout": 1e999})"})
    for (const char* part : {"my.json", "dropout"}) {
      Recipe recipe;
      try {
        apply_json(recipe, text, "my.json");
        ADD_FAILURE() << text;
      } catch (const Error& error) {
        if (std::string_view(text).find("999") != std::string_view::npos) continue;  // no JSON, says the parser
        EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos) << text << ": " << error.what();
      }
    }
}

TEST(RecipeJson, WhatIsNoObjectIsRefused) {
  for (const char* text : {"", "[]", "3", "{", R"({"epochs": 3, "epochs": 4})", "{} {}", "\xff"}) {
    Recipe recipe;
    EXPECT_TRUE(refuses(ErrorKind::format, "my.json", [&] { apply_json(recipe, text, "my.json"); })) << text;
  }
}

TEST(RecipeJson, ARunsConfigCanBeGivenBack) {
  std::string text = to_json(all_changed());
  text.resize(text.size() - 3);
  text += R"(, "preset": "numpy", "init_from": "a.safetensors",
    "data": {"source": "sample", "idx_sha256": ["a", "b"]}, "machine": {"threads": 2, "isa": "avx2"}, "inkling": "0.1.0"})";
  Recipe read;
  apply_json(read, text, "config.json");
  EXPECT_TRUE(read == all_changed());
}

TEST(RecipeOptimizer, SetsItsUsualRateButNotOverAGivenOne) {
  const std::map<std::string, float> usual{{"sgd", 0.1f},       {"momentum", 0.01f}, {"nesterov", 0.01f},
                                           {"rmsprop", 0.001f}, {"adagrad", 0.01f},  {"adam", 0.001f},
                                           {"adamw", 0.001f},   {"lion", 0.0001f},   {"muon", 0.02f},
                                           {"rprop", 0.01f},    {"lbfgs", 1.0f}};
  EXPECT_EQ(usual.size(), choice_names(Optimizer::Kind{}).size());
  for (const auto& [name, rate] : usual) {
    Recipe recipe;
    apply_json(recipe, R"({"optimizer": ")" + name + R"("})", "file");
    EXPECT_EQ(recipe.fit.optimizer.learning_rate, rate) << name;
    Recipe given;  // in any order of the file
    apply_json(given, R"({"learning_rate": 0.5, "optimizer": ")" + name + R"("})", "file");
    EXPECT_EQ(given.fit.optimizer.learning_rate, 0.5f) << name;
  }
  Recipe lion, back;
  for (const char* moment : {"momentum", "beta1", "beta2"}) set_option(lion, moment, "0.5");
  set_option(lion, "optimizer", "lion");
  EXPECT_EQ(lion.fit.optimizer.beta2, 0.99f);
  set_option(lion, "optimizer", "sgd");
  EXPECT_TRUE(lion == back) << "nothing of lion's stays";
}

TEST(RecipeLoss, BringsItsOutputs) {
  Recipe recipe;
  set_option(recipe, "loss", "binary_cross_entropy");
  EXPECT_EQ(recipe.network.output, Output::sigmoid);
  set_option(recipe, "loss", "mean_squared_error");
  EXPECT_EQ(recipe.network.output, Output::linear);
  set_option(recipe, "loss", "focal");
  EXPECT_EQ(recipe.network.output, Output::softmax);
}

TEST(Presets, AllApplyAndCanWork) {
  ASSERT_GE(presets().size(), 3u);
  for (const Preset& preset : presets()) {
    Recipe recipe;
    apply_preset(recipe, preset.name);
    EXPECT_NO_THROW(check(recipe)) << preset.name;
    Recipe again;
    apply_json(again, to_json(recipe), "file");
    EXPECT_TRUE(again == recipe) << preset.name;
  }
  Recipe recipe;
  apply_preset(recipe, "classic");
  EXPECT_TRUE(recipe == Recipe()) << "the classic one is the default";
  EXPECT_TRUE(refuses(ErrorKind::config, "numpy", [&] { apply_preset(recipe, "nunpy"); }));
}

TEST(RecipeCheck, WholeBatchesWhereTheOptimizerNeedsThem) {
  for (const char* optimizer : {"rprop", "lbfgs"}) {
    Recipe recipe;
    set_option(recipe, "optimizer", optimizer);
    EXPECT_TRUE(refuses(ErrorKind::config, "batch full", [&] { check(recipe); })) << optimizer;
    set_option(recipe, "batch", "full");
    EXPECT_NO_THROW(check(recipe)) << optimizer;
  }
}

TEST(RecipeCheck, LbfgsRefusesWhatChangesTheLoss) {
  for (const char* option : {"dropout", "dropout_input", "input_noise", "mixup"}) {
    Recipe recipe;
    set_option(recipe, "optimizer", "lbfgs");
    set_option(recipe, "batch", "full");
    set_option(recipe, option, "0.1");
    EXPECT_TRUE(refuses(ErrorKind::config, "lbfgs", [&] { check(recipe); })) << option;
  }
}

TEST(RecipeCheck, OptionsThatNeedOthers) {
  Recipe recipe;
  set_option(recipe, "patience", "3");
  EXPECT_TRUE(refuses(ErrorKind::config, "validation", [&] { check(recipe); }));
  set_option(recipe, "validation", "0.1");
  EXPECT_NO_THROW(check(recipe));
  set_option(recipe, "activation", "relu,tanh");  // and one hidden layer
  EXPECT_TRUE(refuses(ErrorKind::config, "activation", [&] { check(recipe); }));
}

}  // namespace
}  // namespace inkling
