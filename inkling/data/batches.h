// A data set in shuffled mini-batches.
//
// Every epoch visits each image once, in an order that is a function of the seed and the epoch's number; the last batch
// is as short as it comes out. A batch's images are gathered into one buffer, which the next batch overwrites. After
// the first epoch nothing is allocated. One Batches belongs to one thread; the data set must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inkling/core/view.h"
#include "inkling/data/dataset.h"

namespace inkling {

struct BatchOptions {
  std::size_t size = 128;  // images in a batch; more than there are means all of them
  std::uint64_t seed = 1;
};

struct Batch {
  PixelView pixels;                      // (B, height * width)
  std::span<const std::uint8_t> labels;  // (B)
  bool same_images = false;              // those of the batch before, in the same order
};

class Batches {
 public:
  // Throws Error config for a size of 0.
  Batches(const Dataset& data, const BatchOptions& options);

  std::size_t size() const { return size_; }  // images in a whole batch
  std::size_t count() const { return (data_->count() + size_ - 1) / size_; }

  // Shuffles, and returns what a range-based for loop needs.
  class Epoch;
  Epoch epoch(std::uint64_t number);

  // Batch b of the epoch that was shuffled last.
  Batch gather(std::size_t b);

 private:
  bool is_whole() const { return size_ == data_->count(); }

  const Dataset* data_;
  std::size_t size_;
  std::uint64_t seed_;
  bool given_ = false;                // whether a batch that is the whole data set was gathered
  std::vector<std::uint32_t> order_;  // (count of images): a permutation
  std::vector<std::uint8_t> pixels_;  // (size, height * width)
  std::vector<std::uint8_t> labels_;  // (size)
};

class Batches::Epoch {
 public:
  explicit Epoch(Batches& batches) : batches_(&batches) {}

  class Iterator {
   public:
    Iterator(Batches* batches, std::size_t b) : batches_(batches), b_(b) {}
    Batch operator*() const { return batches_->gather(b_); }
    Iterator& operator++() {
      ++b_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    Batches* batches_;
    std::size_t b_;
  };
  Iterator begin() const { return {batches_, 0}; }
  Iterator end() const { return {batches_, batches_->count()}; }

 private:
  Batches* batches_;
};

}  // namespace inkling
