// What a model read on the test images, as a page's data: scores, confusion matrix, calibration, images.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "inkling/data/dataset.h"
#include "inkling/report/study.h"

namespace inkling {

// Of base64 text in a page; four characters are three bytes.
inline constexpr std::size_t kMaxImageText = 850'000;  // guess: some 800 digits, all mistakes of a good run

// Accuracy with its error bar, loss, calibration and the reliability bins.
nlohmann::ordered_json scores(const Statistics& s);

// scores() and what is found class by class and image by image. class_names: one for each output.
nlohmann::ordered_json test_findings(const Study& study, const Dataset& test, std::span<const std::string> class_names);

// The pixels of these images, one after the other, as base64.
std::string pixels_as_base64(const Dataset& data, std::span<const std::size_t> images);

// How many images of this size go into so much text.
std::size_t images_that_fit(const Dataset& data, std::size_t text);

// Class names for a page: long ones are cut.
nlohmann::ordered_json short_names(std::span<const std::string> class_names);

}  // namespace inkling
