// Which pixels the answers hang on, and what classes and units like most to see (inspect/saliency.h, preferred.h).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/report/answer_pictures.h"
#include "inkling/report/picture.h"

namespace inkling {

// A row for each image: the image, the gradient of the logit of the class that was read, gradient times input, and
// integrated gradients with their sum. Each field has a scale of its own, symmetric about 0, which is written below it.
Picture saliency_picture(const Runtime& rt, const Mlp& model, const Answers& answers,
                         std::span<const std::size_t> images, std::string_view title);

// The image that each class likes most, and the same of some units of each hidden layer: those with the largest weights
// to what follows. Throws Error shape: the image size is not the network's.
Picture preferred_picture(const Runtime& rt, const Mlp& model, std::size_t height, std::size_t width,
                          std::span<const std::string> classes, std::string_view title);

}  // namespace inkling
