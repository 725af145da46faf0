// Any bytes as a file of options: either one inkling::Error, or a recipe that is written and read back unchanged, in
// the whole and option by option.
#include <cstdlib>
#include <string>
#include <string_view>

#include "inkling/core/error.h"
#include "inkling/train/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  inkling::Recipe recipe;
  try {
    inkling::apply_json(recipe, {reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const inkling::Error&) {
    return 0;
  }
  inkling::Recipe again, by_option;
  inkling::apply_json(again, inkling::to_json(recipe), "written");
  for (const inkling::RecipeOption& option : inkling::recipe_options())
    inkling::set_option(by_option, option.name, inkling::option_text(recipe, option.name));
  if (!(again == recipe) || !(by_option == recipe)) std::abort();
  try {
    inkling::check(recipe);
  } catch (const inkling::Error&) {  // options that do not go together
  }
  return 0;
}
