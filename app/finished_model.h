// What `inkling train` makes of a network when its training is over: the model that is saved.
#pragma once

#include <cstddef>
#include <optional>

#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/refusal_rule.h"
#include "inkling/train/recipe.h"

struct FinishedModel {
  inkling::Mlp model;  // folded, calibrated, without an output for --none-class
  std::optional<inkling::RefusalRule> refusal;
  std::optional<inkling::Dataset> judged;  // the test images without --none-class, where there is such a class
};

// The place of --none-class among the data's classes, where there is one. Throws inkling::Error config: the data have
// no class of that name.
std::optional<std::size_t> none_class_of(const inkling::Recipe& recipe, const inkling::Dataset& train);

// With validation images, prints to stderr what was fitted on them.
FinishedModel finish_model(const inkling::Runtime& rt, const inkling::Mlp& trained, const inkling::Recipe& recipe,
                           const inkling::Dataset& train, const inkling::Dataset* validation,
                           const inkling::Dataset& test);
