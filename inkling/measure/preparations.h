// How fast pictures become images as MNIST's: digits of a data set as dark ink on grey paper under falling light.
#pragma once

#include <cstddef>
#include <vector>

#include "inkling/data/dataset.h"
#include "inkling/image/image.h"

namespace inkling {

// The data set's first `count` images (again and again where it has fewer), each 0.6 of the smaller side high, off the
// middle. height x width of 0 stands for the images as they are.
std::vector<Image> made_photos(const Dataset& data, std::size_t count, std::size_t height, std::size_t width);

// Prepares all of them, one after the other, on one thread.
void prepare_all(const std::vector<Image>& photos);

}  // namespace inkling
