// SHA-256, and whether a data set is MNIST.
//
// A set is MNIST when its four parts, written as uncompressed IDX files, have the published checksums: so it does not
// matter whether they came raw, as gzip by whatever program, or in an .npz.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "inkling/data/dataset.h"

namespace inkling {

// SHA-256 of MNIST's uncompressed files, in the order of kIdxNames.
inline constexpr std::array<std::string_view, 4> kMnistSha256 = {
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
};

// In hex, of the pieces joined.
std::string sha256(std::initializer_list<std::span<const std::uint8_t>> pieces);

// The checksums of a set's four parts as uncompressed IDX files, in the order of kIdxNames. 55 MB for MNIST: 70 ms.
std::array<std::string, 4> sha256_of(const Dataset& train, const Dataset& test);

// True when a part's labels are MNIST's, or its labels and images. MNIST is what has both for its test part and the
// labels of its training part: the training images, six sevenths of the bytes, are left out, because this is spent at
// every start (7 ms). Sets that borrow MNIST's labels (noisy, rotated, ...) are told apart by their test images.
bool has_mnist_train_labels(const Dataset& train);
bool is_mnist_test(const Dataset& test);

// True when a test part's labels are Fashion-MNIST's, whose files say nowhere what the classes are called.
bool has_fashion_test_labels(const Dataset& test);

}  // namespace inkling
