// A matrix of floats that owns its memory, and what a matrix is expected to do.
//
// Element (r, c) stands at data()[r * stride() + c]; every row starts on a 64-byte boundary, and the padding between
// cols() and stride() is zero after every operation here. Operations on sizes that do not fit throw Error shape with
// both shapes in the text. Sums and products accumulate in one fixed order, so results do not depend on the machine.
// Products of two matrices are in kernel/matmul.h, where the fast kernels are. Const functions are safe from many
// threads.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "inkling/core/aligned.h"
#include "inkling/core/view.h"

namespace inkling {

// Which way a reduction goes: down the rows (one result a column), or along the columns (one result a row).
enum class Axis { rows, cols };

class Matrix {
 public:
  Matrix() = default;
  // All zero.
  Matrix(std::size_t rows, std::size_t cols);
  // Row by row: Matrix({{1, 2}, {3, 4}}). Throws Error shape when the rows differ in length.
  Matrix(std::initializer_list<std::initializer_list<float>> rows);
  // A copy of what the view shows.
  explicit Matrix(ConstMatrixView source);

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t stride() const { return stride_; }
  float* data() { return data_.data(); }
  const float* data() const { return data_.data(); }

  float& operator()(std::size_t r, std::size_t c) { return view()(r, c); }
  float operator()(std::size_t r, std::size_t c) const { return view()(r, c); }
  // As operator(), but throws Error shape outside the matrix.
  float& at(std::size_t r, std::size_t c);
  float at(std::size_t r, std::size_t c) const;

  MatrixView view() { return {data_.data(), rows_, cols_, stride_}; }
  ConstMatrixView view() const { return {data_.data(), rows_, cols_, stride_}; }
  operator MatrixView() { return view(); }
  operator ConstMatrixView() const { return view(); }

  // Element by element; other has this shape, or is one row (1, cols) or one column (rows, 1) that is repeated.
  Matrix& operator+=(ConstMatrixView other);
  Matrix& operator-=(ConstMatrixView other);
  Matrix& operator*=(ConstMatrixView other);  // Hadamard's product; for the matrix product see matmul
  Matrix& operator/=(ConstMatrixView other);
  Matrix& operator*=(float factor);

 private:
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t stride_ = 0;
  AlignedBuffer<float> data_;
};

// "(3, 4)", for error texts.
std::string shape(ConstMatrixView m);

Matrix identity(std::size_t n);
Matrix transpose(ConstMatrixView m);
// f of every element, for any f.
Matrix map(ConstMatrixView m, const std::function<float(float)>& f);

// Element by element, with the repetition of rows and columns that Matrix::operator+= has. The left side gives the
// shape.
Matrix operator+(ConstMatrixView a, ConstMatrixView b);
Matrix operator-(ConstMatrixView a, ConstMatrixView b);
Matrix hadamard(ConstMatrixView a, ConstMatrixView b);
Matrix operator*(ConstMatrixView m, float factor);
Matrix operator*(float factor, ConstMatrixView m);

// (1, cols) for Axis::rows, (rows, 1) for Axis::cols. An empty axis sums to 0; maximum and argmax of it throw Error
// shape. A NaN in a row or column is its maximum, and argmax points at the first one: bad numbers are never passed
// over.
Matrix sum(ConstMatrixView m, Axis axis);
Matrix maximum(ConstMatrixView m, Axis axis);
std::vector<std::size_t> argmax(ConstMatrixView m, Axis axis);  // the first of equals
double sum(ConstMatrixView m);

// Same shape and equal elements; NaN equals nothing.
bool operator==(ConstMatrixView a, ConstMatrixView b);

}  // namespace inkling
