// A model's answers, image by image: what it reads, how sure it is, and whether that is right.
//
// Right and wrong differ in the frame's width and colour, in a mark, and in words.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "inkling/core/view.h"
#include "inkling/data/dataset.h"
#include "inkling/report/picture.h"

namespace inkling {

// Test images and what a model makes of them, as pictures need them. The views' owner keeps them alive.
struct Answers {
  const Dataset& data;
  ConstMatrixView probabilities;         // (count, classes)
  std::span<const std::uint32_t> read;   // (count): the class of the largest logit
  std::span<const std::string> classes;  // a name for each output

  bool right(std::size_t image) const { return read[image] == data.labels[image]; }
  double confidence(std::size_t image) const { return static_cast<double>(probabilities(image, read[image])); }
};

// The wrong ones, the most confident first.
std::vector<std::size_t> mistakes_of(const Answers& answers);

// Images taken at equal distances, and below them some of the wrong ones, the first in the order of the data.
Picture predictions_picture(const Answers& answers, std::string_view model);
// The wrong ones that the model was surest of; throws Error config where there are none.
Picture mistakes_picture(const Answers& answers, std::string_view model);

}  // namespace inkling
