// The options of inkling::Recipe on a command line: those of the table, a preset, a config file.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>

#include "inkling/train/recipe.h"

struct RecipeArguments {
  std::string preset;
  std::string config_file;
  std::map<std::string, std::string> given;  // by the table's names

  // The default recipe, changed by the preset, then by the file, then by what is given. Throws inkling::Error.
  inkling::Recipe recipe() const;
};

void add_recipe_options(CLI::App& command, const std::shared_ptr<RecipeArguments>& arguments);
