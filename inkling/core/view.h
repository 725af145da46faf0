// A rectangle of numbers that somebody else owns: pointer, rows, cols, and the distance between rows.
//
// Cheap to copy; as thread-safe as the memory behind it. Views are what kernels and the network pass around. An element
// (r, c) is at data[r * stride + c]; stride >= cols, and what lies between cols and stride belongs to the owner's
// padding.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace inkling {

template <typename T>
struct View {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;  // elements from one row's start to the next

  constexpr View() = default;
  constexpr View(T* data_in, std::size_t rows_in, std::size_t cols_in, std::size_t stride_in)
      : data(data_in), rows(rows_in), cols(cols_in), stride(stride_in) {
    assert(stride >= cols);
  }
  // Rows that touch each other.
  constexpr View(T* data_in, std::size_t rows_in, std::size_t cols_in) : View(data_in, rows_in, cols_in, cols_in) {}
  // A view that may write can be read.
  constexpr operator View<const T>() const requires(!std::is_const_v<T>) { return {data, rows, cols, stride}; }

  T& operator()(std::size_t r, std::size_t c) const {
    assert(r < rows && c < cols);
    return data[r * stride + c];
  }
  std::span<T> row(std::size_t r) const {
    assert(r < rows);
    return {data + r * stride, cols};
  }
  // Rows [first, first + count).
  View middle_rows(std::size_t first, std::size_t count) const {
    assert(first + count <= rows);
    return {data + first * stride, count, cols, stride};
  }
};

using MatrixView = View<float>;
using ConstMatrixView = View<const float>;
using PixelView = View<const std::uint8_t>;  // one image a row, 0 is background, 255 is full ink

}  // namespace inkling
