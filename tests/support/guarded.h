// Floats between guards, for tests of kernels: whatever a kernel writes outside its block is noticed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "inkling/core/aligned.h"
#include "inkling/core/matrix.h"
#include "inkling/kernel/kernels.h"

namespace inkling {

// A (rows, cols) matrix, a row of guards before and behind it, and a cache line of guards behind the padding of each
// row. `padding` stands between the columns and the next multiple of kColumnUnit before the kernel runs.
class GuardedMatrix {
 public:
  static constexpr float kGuard = -12345.5f;

  GuardedMatrix(std::size_t rows, std::size_t cols, float padding = 0)
      : rows_(rows),
        cols_(cols),
        padded_(round_up(cols, kColumnUnit)),
        stride_(padded_ + kColumnUnit),
        all_((rows + 2) * stride_) {
    for (std::size_t k = 0; k < all_.size(); ++k) all_[k] = kGuard;
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = cols; c < padded_; ++c) view().data[r * stride_ + c] = padding;
  }
  explicit GuardedMatrix(ConstMatrixView source) : GuardedMatrix(source.rows, source.cols) {
    for (std::size_t r = 0; r < rows_; ++r) std::ranges::copy(source.row(r), view().row(r).begin());
  }

  MatrixView view() { return {all_.data() + stride_, rows_, cols_, stride_}; }
  operator MatrixView() { return view(); }
  operator ConstMatrixView() { return view(); }
  float& operator()(std::size_t r, std::size_t c) { return view()(r, c); }

  // The guards are as they were, and the padding is zero.
  void expect_sound() {
    for (std::size_t r = 0; r < rows_ + 2; ++r)
      for (std::size_t c = 0; c < stride_; ++c) {
        const float value = all_[r * stride_ + c];
        if (r == 0 || r == rows_ + 1 || c >= padded_) {
          ASSERT_EQ(value, kGuard) << "guard in row " << r << ", column " << c << " of " << stride_;
        } else if (c >= cols_) {
          ASSERT_EQ(value, 0.0f) << "padding of row " << r - 1 << ", column " << c;
        }
      }
  }

 private:
  std::size_t rows_, cols_, padded_, stride_;
  AlignedBuffer<float> all_;
};

// The columns of both, byte for byte: -0 is not 0, and a NaN is its own equal.
inline bool same_bytes(ConstMatrixView a, ConstMatrixView b) {
  if (a.rows != b.rows || a.cols != b.cols) return false;
  for (std::size_t r = 0; r < a.rows; ++r)
    if (std::memcmp(a.row(r).data(), b.row(r).data(), a.cols * sizeof(float)) != 0) return false;
  return true;
}

}  // namespace inkling
