// What inkling train prints: what it is about to do, a line an epoch, and how it ended.
#pragma once

#include <cstdint>
#include <string>

#include "app/run_folder.h"
#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/train/recipe.h"

void print_start(const inkling::Recipe& recipe, const inkling::Mlp& model, const inkling::DataSplit& data,
                 const inkling::Dataset* validation, const inkling::Runtime& rt, const RunFolder& run);

// "Epoch  1/20 | Loss: 0.4234 | Train Acc: 88.45% | Test Acc: 88.92%", to stdout, with the validation images' accuracy
// before the test images' where there are some, and the test loss behind a slash where epochs are left out between two
// lines. False
// when stdout cannot be written.
bool print_epoch(const inkling::EpochReport& report, const inkling::Recipe& recipe);

// Why training ended, where that was not its last epoch.
void print_reason(const inkling::FitResult& result, const inkling::Recipe& recipe);
