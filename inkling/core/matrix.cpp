#include "inkling/core/matrix.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "inkling/core/error.h"

namespace inkling {
namespace {

std::size_t padded_stride(std::size_t cols) {
  if (cols > std::numeric_limits<std::size_t>::max() / sizeof(float) / 2)
    fail(ErrorKind::limit, "a matrix of {} columns does not fit in memory", cols);
  return row_stride(cols);
}

std::size_t padded_size(std::size_t rows, std::size_t stride) {
  if (stride != 0 && rows > std::numeric_limits<std::size_t>::max() / sizeof(float) / stride)
    fail(ErrorKind::limit, "a matrix of {} rows of {} floats does not fit in memory", rows, stride);
  return rows * stride;
}

// a = f(a, b), with a one-row or one-column b repeated.
template <typename F>
void combine(Matrix& a, ConstMatrixView b, const char* operation, F f) {
  const bool rows_fit = b.rows == a.rows() || b.rows == 1;
  const bool cols_fit = b.cols == a.cols() || b.cols == 1;
  if (!rows_fit || !cols_fit)
    fail(ErrorKind::shape, "{}: {} and {} do not fit: expected the same shape, or one row or one column on the right",
         operation, shape(a), shape(b));
  const bool inside = b.data >= a.data() && b.data < a.data() + a.rows() * a.stride();
  if (inside && shape(b) != shape(a)) return combine(a, Matrix(b), operation, f);  // one of its own rows would change
  for (std::size_t r = 0; r < a.rows(); ++r)
    for (std::size_t c = 0; c < a.cols(); ++c) a(r, c) = f(a(r, c), b(b.rows == 1 ? 0 : r, b.cols == 1 ? 0 : c));
}

void require_not_empty(ConstMatrixView m, Axis axis, const char* operation) {
  if ((axis == Axis::rows ? m.rows : m.cols) == 0)
    fail(ErrorKind::shape, "{} of {} along an empty axis", operation, shape(m));
}

}  // namespace

Matrix::Matrix(std::size_t rows, std::size_t cols)
    : rows_(rows), cols_(cols), stride_(padded_stride(cols)), data_(padded_size(rows, stride_)) {}

Matrix::Matrix(std::initializer_list<std::initializer_list<float>> rows)
    : Matrix(rows.size(), rows.size() == 0 ? 0 : rows.begin()->size()) {
  std::size_t r = 0;
  for (const auto& row : rows) {
    if (row.size() != cols_)
      fail(ErrorKind::shape, "row {} has {} elements, the first one has {}", r, row.size(), cols_);
    std::copy(row.begin(), row.end(), view().row(r++).begin());
  }
}

Matrix::Matrix(ConstMatrixView source) : Matrix(source.rows, source.cols) {
  for (std::size_t r = 0; r < rows_; ++r) std::ranges::copy(source.row(r), view().row(r).begin());
}

float& Matrix::at(std::size_t r, std::size_t c) {
  if (r >= rows_ || c >= cols_)
    fail(ErrorKind::shape, "element ({}, {}) asked of a matrix of shape {}", r, c, shape(*this));
  return view()(r, c);
}

float Matrix::at(std::size_t r, std::size_t c) const { return const_cast<Matrix*>(this)->at(r, c); }

Matrix& Matrix::operator+=(ConstMatrixView other) {
  combine(*this, other, "sum", [](float x, float y) { return x + y; });
  return *this;
}
Matrix& Matrix::operator-=(ConstMatrixView other) {
  combine(*this, other, "difference", [](float x, float y) { return x - y; });
  return *this;
}
Matrix& Matrix::operator*=(ConstMatrixView other) {
  combine(*this, other, "element-wise product", [](float x, float y) { return x * y; });
  return *this;
}
Matrix& Matrix::operator/=(ConstMatrixView other) {
  combine(*this, other, "element-wise quotient", [](float x, float y) { return x / y; });
  return *this;
}
Matrix& Matrix::operator*=(float factor) {
  for (std::size_t r = 0; r < rows_; ++r)
    for (float& x : view().row(r)) x *= factor;
  return *this;
}

std::string shape(ConstMatrixView m) { return fmt::format("({}, {})", m.rows, m.cols); }

Matrix identity(std::size_t n) {
  Matrix out(n, n);
  for (std::size_t i = 0; i < n; ++i) out(i, i) = 1.0f;
  return out;
}

Matrix transpose(ConstMatrixView m) {
  // Square tiles, so that both sides are touched a cache line at a time.
  constexpr std::size_t kTile = 16;  // derived: floats in a cache line
  Matrix out(m.cols, m.rows);
  for (std::size_t r0 = 0; r0 < m.rows; r0 += kTile)
    for (std::size_t c0 = 0; c0 < m.cols; c0 += kTile)
      for (std::size_t r = r0; r < std::min(r0 + kTile, m.rows); ++r)
        for (std::size_t c = c0; c < std::min(c0 + kTile, m.cols); ++c) out(c, r) = m(r, c);
  return out;
}

Matrix map(ConstMatrixView m, const std::function<float(float)>& f) {
  Matrix out(m.rows, m.cols);
  for (std::size_t r = 0; r < m.rows; ++r) std::ranges::transform(m.row(r), out.view().row(r).begin(), f);
  return out;
}

Matrix operator+(ConstMatrixView a, ConstMatrixView b) {
  Matrix out(a);
  out += b;
  return out;
}
Matrix operator-(ConstMatrixView a, ConstMatrixView b) {
  Matrix out(a);
  out -= b;
  return out;
}
Matrix hadamard(ConstMatrixView a, ConstMatrixView b) {
  Matrix out(a);
  out *= b;
  return out;
}
Matrix operator*(ConstMatrixView m, float factor) {
  Matrix out(m);
  out *= factor;
  return out;
}
Matrix operator*(float factor, ConstMatrixView m) { return m * factor; }

Matrix sum(ConstMatrixView m, Axis axis) {
  Matrix out(axis == Axis::rows ? 1 : m.rows, axis == Axis::rows ? m.cols : 1);
  for (std::size_t r = 0; r < m.rows; ++r)
    for (std::size_t c = 0; c < m.cols; ++c) (axis == Axis::rows ? out(0, c) : out(r, 0)) += m(r, c);
  return out;
}

std::vector<std::size_t> argmax(ConstMatrixView m, Axis axis) {
  require_not_empty(m, axis, "argmax");
  const bool down = axis == Axis::rows;
  std::vector<std::size_t> best(down ? m.cols : m.rows, 0);
  const auto element = [&](std::size_t line, std::size_t i) { return down ? m(i, line) : m(line, i); };
  for (std::size_t line = 0; line < best.size(); ++line)
    for (std::size_t i = 1; i < (down ? m.rows : m.cols); ++i) {
      const float held = element(line, best[line]);
      const float x = element(line, i);
      if (x > held || (std::isnan(x) && !std::isnan(held))) best[line] = i;
    }
  return best;
}

Matrix maximum(ConstMatrixView m, Axis axis) {
  require_not_empty(m, axis, "maximum");
  const std::vector<std::size_t> best = argmax(m, axis);
  Matrix out(axis == Axis::rows ? 1 : m.rows, axis == Axis::rows ? m.cols : 1);
  for (std::size_t i = 0; i < best.size(); ++i) {
    if (axis == Axis::rows)
      out(0, i) = m(best[i], i);
    else
      out(i, 0) = m(i, best[i]);
  }
  return out;
}

double sum(ConstMatrixView m) {
  double total = 0;
  for (std::size_t r = 0; r < m.rows; ++r)
    for (float x : m.row(r)) total += x;
  return total;
}

bool operator==(ConstMatrixView a, ConstMatrixView b) {
  if (a.rows != b.rows || a.cols != b.cols) return false;
  for (std::size_t r = 0; r < a.rows; ++r)
    if (!std::ranges::equal(a.row(r), b.row(r))) return false;
  return true;
}

}  // namespace inkling
