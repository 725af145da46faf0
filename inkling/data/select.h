// Parts of a data set: its first images, or some held out of it to choose or to measure by.
//
// What is given away (std::move) is not copied: images change their place within their own memory, and what is left
// over goes back to the system.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inkling/data/dataset.h"

namespace inkling {

// The first `count` images; all of them where there are not so many.
Dataset first_images(const Dataset& data, std::size_t count);
Dataset first_images(Dataset&& data, std::size_t count);

// `count` images from all over the set, every so many; all of them where there are not so many.
Dataset spread_images(const Dataset& data, std::size_t count);

// What is left without one class: the classes behind it move up by one. Throws Error shape: nothing is left.
Dataset without_class(const Dataset& data, std::size_t which);

struct HeldOut {
  Dataset rest;
  Dataset held_out;
};

// What images are held out for; the two draw differently.
enum class Hold { validation, test };

// Holds a share of each class out, chosen by the seed and rounded to whole images; the order stays. To test, one image
// of each class stays at least. Only what is held out is copied. Throws Error config: a share that is not between 0 and
// 1, or that leaves either part without an image.
HeldOut hold_out(Dataset data, double share, std::uint64_t seed, Hold purpose = Hold::validation);

}  // namespace inkling
