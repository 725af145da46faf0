// Short trials of a recipe before a long run: which learning rate, and whether it can learn at all.
#pragma once

#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/train/recipe.h"

// The learning-rate range test: its table and curve to stdout.
void run_find_lr(const inkling::Runtime& rt, const inkling::Recipe& recipe, const inkling::Mlp& model,
                 const inkling::Dataset& train);

// Trains on the images of one batch alone until it knows them. False when it does not learn them.
bool run_overfit_one_batch(const inkling::Runtime& rt, const inkling::Recipe& recipe, inkling::Mlp model,
                           const inkling::Dataset& train);
