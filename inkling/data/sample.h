// The bundled sample: 5,000 real digits in MNIST's form that are part of the program itself.
//
// What is there when MNIST is not: no file, no network. 4,000 to train and 1,000 to test, evenly by class. A score on
// it is not MNIST's score, so the split says is_sample and whoever shows a score says so too. data/sample/README.md has
// its source.
#pragma once

#include "inkling/data/dataset.h"

namespace inkling {

// Inflates the embedded files: about 10 ms. Thread-safe.
DataSplit load_sample();

}  // namespace inkling
