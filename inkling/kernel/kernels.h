// The contract between the network and its arithmetic: a table of functions, one table an instruction set.
//
// Rules for every kernel. Each output element of a product is one chain of fused multiply-adds in ascending order of
// the summed index, starting from +0, or exact until it is rounded once (pixel_product.h); so every table gives the
// same bytes, and so does every way of cutting the output into blocks. Kernels neither allocate nor throw, and touch
// only the block they are given: calls on disjoint blocks may run on any threads. Float rows start on 64-byte
// boundaries, their strides are multiples of 16, and padding behind a row is zero in whatever is read; a kernel that
// writes a row leaves its padding zero, too. NaN and infinity are propagated.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inkling/core/view.h"
#include "inkling/kernel/activation.h"
#include "inkling/kernel/bf16.h"
#include "inkling/kernel/isa.h"
#include "inkling/kernel/pixel_product.h"

namespace inkling {

// Columns are computed in units of one cache line.
inline constexpr std::size_t kColumnUnit = 16;

// What happens to a product's element before it is stored.
enum class Epilogue {
  none,           // c
  bias,           // c + bias[n]
  bias_relu,      // max(0, c + bias[n])
  relu_gradient,  // c where gate(m, n) > 0, else 0: the derivative of ReLU at its own output
  multiply,       // c * gate(m, n): the derivative of any activation, kept by activate()
  descend,        // w(m, n) - rate * c, one fused multiply-add, written to w: a step of gradient descent
};

// C (M, N) = epilogue(A B) with A (M, K), B (K, N).
struct Product {
  std::size_t M = 0, N = 0, K = 0;

  // Element (m, k) of A is at a[m * a_row + k * a_column], so a transpose costs nothing.
  const float* a = nullptr;
  std::size_t a_row = 0, a_column = 1;

  // Element (k, n) is at b[k * b_stride + n], or at b[n * b_stride + k] when b_transposed.
  const float* b = nullptr;
  std::size_t b_stride = 0;
  bool b_transposed = false;

  float* c = nullptr;  // (M, N), rows c_stride apart; under descend it holds unfinished sums and nothing after
  std::size_t c_stride = 0;

  Epilogue epilogue = Epilogue::none;
  const float* bias = nullptr;  // (N)
  const float* gate = nullptr;  // (M, N), rows gate_stride apart
  std::size_t gate_stride = 0;
  float* w = nullptr;  // (M, N), rows c_stride apart
  float rate = 0;
};

// Softmax and cross-entropy in one step, in log space: for a row z with label y, log p = z - max z - log sum exp(z -
// max z), loss = -log p[y], dz = scale * (p - onehot(y)).
struct SoftmaxLoss {
  ConstMatrixView logits;                // (B, C)
  const std::uint8_t* labels = nullptr;  // (B), each below C
  float scale = 1;                       // 1 / B for the mean's gradient
  MatrixView dz;                         // (B, C)
  double* loss = nullptr;                // (B)
  std::uint8_t* correct = nullptr;       // (B), 1 where the first maximum of the row is the label
};

// Batch normalisation of each column over the rows of a batch (Ioffe, Szegedy 2015, algorithm 1): with the column's
// mean and variance, x = (z - mean) / sqrt(variance + epsilon) and y = scale x + shift.
struct Normalize {
  MatrixView x;                  // (B, O): z before, x after
  const float* scale = nullptr;  // (O), as all that follow
  const float* shift = nullptr;
  MatrixView y;               // (B, O)
  float* mean = nullptr;      // written
  float* variance = nullptr;  // written: the mean square distance from the mean
  float* inverse = nullptr;   // written: 1 / sqrt(variance + epsilon)
  float epsilon = 1e-5f;
};

// Its gradient: dscale = sum_b dy x, dshift = sum_b dy, dz = scale / sqrt(...) (dy - dshift / B - x dscale / B).
struct NormalizeGradient {
  MatrixView dz;                   // (B, O): dy before, dz after
  ConstMatrixView x;               // (B, O)
  const float* scale = nullptr;    // (O), as all that follow
  const float* inverse = nullptr;  // as Normalize left it
  float* dscale = nullptr;         // written
  float* dshift = nullptr;         // written
};

// An optimiser's step, parameter by parameter: train/optimizer.h has the equations.
enum class UpdateRule { momentum, nesterov, rmsprop, adagrad, adam, lion, rprop };
struct Update {
  UpdateRule rule = UpdateRule::momentum;
  float rate = 0;     // adam: divided by 1 - beta1^t
  float keep = 1;     // what w is multiplied by first: 1 - rate * weight decay
  float a = 0;        // mu, alpha or beta1
  float b = 0;        // beta2
  float a_rest = 0;   // 1 - a, 1 - b, rounded once
  float b_rest = 0;   //
  float epsilon = 0;  //
  float root = 1;     // adam: sqrt(1 - beta2^t)
};

// The mask of a row of units: unit u has 16 bits of block first + u / kMaskUnits of Rng(seed, stream), the lowest of a
// block's words first, and is dropped where they are below the limit.
struct Mask {
  std::uint64_t seed = 0, stream = 0, first = 0;
  std::uint32_t limit = 0;  // below 2^16
};
inline constexpr std::size_t kMaskUnits = 8;  // derived: 128 random bits, 16 a unit

struct Kernels {
  Isa isa = Isa::portable;
  std::size_t row_unit = 1;     // rows of C that product() computes at once: cut M in multiples of it
  std::size_t panel_width = 0;  // columns of C that product() computes at once: cut N in multiples of it

  // Rows [m0, m1), columns [n0, n1) of C; n0 is a multiple of panel_width.
  void (*product)(const Product&, std::size_t m0, std::size_t m1, std::size_t n0, std::size_t n1) noexcept = nullptr;
  // The first layer's products; those of an image that comes alone are in fixed point of their own.
  PixelKernels pixels, one_image;
  // any[i] = the pixels i of all images, or-ed: 0 where none has ink. any has room for a multiple of kPixelBlock.
  void (*find_ink)(PixelView X, std::uint8_t* any) noexcept = nullptr;
  // Rows [r0, r1) of out = those columns of X whose any[i] is not 0; behind a row are zeros up to a multiple of
  // kPixelBlock.
  void (*take_columns)(PixelView X, const std::uint8_t* any, View<std::uint8_t> out, std::size_t r0,
                       std::size_t r1) noexcept = nullptr;
  // Row c of out = column c of X, for columns [c0, c1), c0 a multiple of kPixelBlock; behind a row likewise.
  void (*transpose_pixels)(PixelView X, View<std::uint8_t> out, std::size_t c0, std::size_t c1) noexcept = nullptr;
  // The product of a later layer for an image that comes alone (M is 1): columns [n0, n1), n0 a multiple of
  // kColumnUnit, with B as it stands and the epilogues none, bias and bias_relu.
  void (*row_product)(const Product&, std::size_t n0, std::size_t n1) noexcept = nullptr;
  // Rows [b0, b1).
  void (*softmax_loss)(const SoftmaxLoss&, std::size_t b0, std::size_t b1) noexcept = nullptr;
  // p (B, C) = softmax of each row of z.
  void (*softmax)(ConstMatrixView z, MatrixView p) noexcept = nullptr;
  // out[c] = sum over rows of m(r, c), for the padded width.
  void (*column_sums)(ConstMatrixView m, float* out) noexcept = nullptr;
  // a = f(z), and slope = f'(z) where slope has data; a may be z.
  void (*activate)(Activation f, ConstMatrixView z, MatrixView a, MatrixView slope) noexcept = nullptr;
  // Columns [c0, c1), multiples of kColumnUnit or the padded end.
  void (*normalize)(const Normalize&, std::size_t c0, std::size_t c1) noexcept = nullptr;
  void (*normalize_gradient)(const NormalizeGradient&, std::size_t c0, std::size_t c1) noexcept = nullptr;
  // y(r, c) = x(r, c) * scale[c] + shift[c], one fused multiply-add; y may be x.
  void (*scale_and_shift)(ConstMatrixView x, const float* scale, const float* shift, MatrixView y) noexcept = nullptr;
  // n parameters with their gradients and moments, n a multiple of 16. rprop: m is the last gradient, v the step size.
  void (*update)(const Update&, float* w, const float* g, float* m, float* v, std::size_t n) noexcept = nullptr;
  // y = c * y + s * x for n floats, n a multiple of 16.
  void (*blend)(float* y, const float* x, std::size_t n, float c, float s) noexcept = nullptr;
  // w -= rate * g for n floats, n a multiple of 16: one fused multiply-add each.
  void (*sgd)(float* w, const float* g, std::size_t n, float rate) noexcept = nullptr;
  // exp of n floats, n a multiple of 16: the one exponential that the program uses; see lanes-inl.h for its accuracy.
  void (*exponential)(const float* x, float* y, std::size_t n) noexcept = nullptr;
  // Multiplies the units of a row by scale where they are kept and by 0 where they are dropped; those of slope
  // likewise, where it is not null.
  void (*drop_units)(const Mask&, float scale, float* row, float* slope, std::size_t n) noexcept = nullptr;
  // row[i] = row[i] * scale where i is kept, 0 where it is dropped, whatever stood there.
  void (*drop_inputs)(const Mask&, float scale, float* row, std::size_t n) noexcept = nullptr;
  // out[i] = pixels[i] where i is kept, else 0, for n bytes.
  void (*drop_pixels)(const Mask&, const std::uint8_t* pixels, std::uint8_t* out, std::size_t n) noexcept = nullptr;

  Bf16Kernels bf16;
};

// The table of an instruction set that this machine has (see available_isas).
const Kernels& kernels_for(Isa isa);

}  // namespace inkling
