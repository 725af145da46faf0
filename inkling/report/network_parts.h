// A network's insides as a page's data: first-layer weights as images, each layer's weights as a histogram, what the
// hidden layers do.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "inkling/format/model_file.h"
#include "inkling/report/study.h"

namespace inkling {

// Of base64 text in a page.
inline constexpr std::size_t kMaxWeightText = 340'000;      // guess: 256 units that look at 28x28 pixels
inline constexpr std::size_t kMaxActivationText = 140'000;  // guess: 5 layers of 1024 units

// Where there are more units than fit, those of the largest norm. Study is null where there are no test images: then
// nobody knows which class a unit serves.
nlohmann::ordered_json first_layer_weights(const LoadedModel& model, const Study* study);

// Of each weight matrix: its sizes, its largest entry and a histogram.
nlohmann::ordered_json weight_layers(const Mlp& model);

// Means by class and the activations of a sample image of each class, with those images.
nlohmann::ordered_json activations(const Mlp& model, const Study& study, const Dataset& test);

}  // namespace inkling
