#include "inkling/data/sample.h"

#include <cstdint>
#include <span>
#include <utility>

#include "inkling/data/gzip.h"
#include "inkling/data/idx.h"

// Defined in data/sample/sample.S.
extern "C" {
extern const std::uint8_t inkling_sample_train_images[];
extern const std::uint8_t inkling_sample_train_labels[];
extern const std::uint8_t inkling_sample_test_images[];
extern const std::uint8_t inkling_sample_test_labels[];
extern const std::uint64_t inkling_sample_train_images_size;
extern const std::uint64_t inkling_sample_train_labels_size;
extern const std::uint64_t inkling_sample_test_images_size;
extern const std::uint64_t inkling_sample_test_labels_size;
}

namespace inkling {
namespace {

Dataset load_part(std::span<const std::uint8_t> images_file, std::span<const std::uint8_t> labels_file) {
  constexpr std::string_view kWhere = "the bundled sample";
  IdxImages images = parse_idx_images(gunzip(images_file, kWhere), kWhere);
  Bytes labels = parse_idx_labels(gunzip(labels_file, kWhere), kWhere);
  return make_dataset(images.height, images.width, std::move(images.pixels), std::move(labels), kDigitClasses, kWhere);
}

}  // namespace

DataSplit load_sample() {
  DataSplit data;
  data.train = load_part({inkling_sample_train_images, inkling_sample_train_images_size},
                         {inkling_sample_train_labels, inkling_sample_train_labels_size});
  data.test = load_part({inkling_sample_test_images, inkling_sample_test_images_size},
                        {inkling_sample_test_labels, inkling_sample_test_labels_size});
  data.origin = "the bundled sample (4,000 + 1,000 digits)";
  data.is_sample = true;
  return data;
}

}  // namespace inkling
