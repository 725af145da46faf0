#include "inkling/data/batches.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"

namespace inkling {

Batches::Batches(const Dataset& data, const BatchOptions& options)
    : data_(&data), size_(std::min(options.size, data.count())), seed_(options.seed) {
  if (options.size == 0) fail(ErrorKind::config, "batch size 0; at least 1 image makes a batch");
  if (data.count() == 0 || data.count() > std::numeric_limits<std::uint32_t>::max())
    fail(ErrorKind::limit, "{} images cannot be cut into batches; 1 to {} can", data.count(),
         std::numeric_limits<std::uint32_t>::max());
  if (is_whole()) return;
  pixels_.resize(size_ * data.image_size());
  labels_.resize(size_);
}

Batches::Epoch Batches::epoch(std::uint64_t number) {
  if (!is_whole()) shuffled_indices(data_->count(), Rng(seed_, streams::kShuffle + number), order_);
  return Epoch(*this);
}

Batch Batches::gather(std::size_t b) {
  if (is_whole())
    return {.pixels = data_->images(), .labels = data_->labels, .same_images = std::exchange(given_, true)};
  constexpr std::size_t kAhead = 12;  // guess: images asked of memory before their turn
  const std::size_t image_size = data_->image_size();
  const std::size_t first = b * size_;
  const std::size_t count = std::min(size_, data_->count() - first);
  for (std::size_t j = 0; j < count; ++j) {
    const std::size_t ahead = order_[std::min(first + j + kAhead, order_.size() - 1)];
    for (std::size_t i = 0; i < image_size; i += 64) __builtin_prefetch(data_->pixels.data() + ahead * image_size + i);
    const std::size_t image = order_[first + j];
    std::memcpy(pixels_.data() + j * image_size, data_->pixels.data() + image * image_size, image_size);
    labels_[j] = data_->labels[image];
  }
  return {.pixels = {pixels_.data(), count, image_size}, .labels = {labels_.data(), count}};
}

}  // namespace inkling
