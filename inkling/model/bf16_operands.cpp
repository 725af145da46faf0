#include "inkling/model/bf16_operands.h"

#include <algorithm>
#include <utility>

#include "inkling/model/first_layer.h"

namespace inkling {
namespace {

constexpr std::size_t kPiecesAThread = 4;  // guess: so that a thread that lost its core does not hold up the others

// Runs f(first, end) over [0, count) in a few pieces a thread, or at once when the work is not worth it.
template <typename F>
void in_pieces(const Runtime& rt, std::size_t count, bool worth_threads, const F& f) {
  if (rt.threads() == 1 || !worth_threads) return f(std::size_t{0}, count);
  const std::size_t length = std::max<std::size_t>(1, count / (kPiecesAThread * rt.threads()));
  rt.pool().run((count + length - 1) / length,
                [&](std::size_t task) noexcept { f(task * length, std::min((task + 1) * length, count)); });
}

// In pieces of whole rows or columns of blocks, whichever are more.
void multiply(const Runtime& rt, const Bf16Product& p) {
  // guess: in steps of a block, 64 cycles each on tiles, of which a block's beginning and end take as long as a dozen.
  constexpr std::size_t kAround = 12, kWorthThreads = 128;
  const std::size_t rows = bf16_blocks(p.M), cols = bf16_blocks(p.N);
  const bool worth = rows * cols * (bf16_blocks(p.K) + kAround) >= kWorthThreads;
  const auto& product = rt.kernels().bf16.product;
  if (rows >= cols)
    in_pieces(rt, rows, worth, [&](std::size_t m0, std::size_t m1) noexcept { product(p, m0, m1, 0, cols); });
  else
    in_pieces(rt, cols, worth, [&](std::size_t n0, std::size_t n1) noexcept { product(p, 0, rows, n0, n1); });
}

constexpr std::size_t kWorthPacking = 1u << 13;  // guess: numbers, some microseconds of work

void pack(const Runtime& rt, ConstMatrixView m, const Bf16Packed& out) {
  in_pieces(rt, out.rows, m.rows * m.cols >= kWorthPacking,
            [&](std::size_t r0, std::size_t r1) noexcept { rt.kernels().bf16.pack(m, out, r0, r1); });
}

std::size_t words(std::size_t rows, std::size_t cols) {
  return Bf16Packed{.rows = bf16_blocks(rows), .cols = bf16_blocks(cols)}.words();
}

}  // namespace

Bf16Operands::Bf16Operands(const Mlp& model, std::size_t max_batch) : max_batch_(max_batch) {
  const std::vector<std::size_t>& widths = model.config().widths;
  for (std::size_t l = 0; l < model.layer_count(); ++l) {
    Layer& layer = layers_.emplace_back();
    layer.I = widths[l];
    layer.O = widths[l + 1];
    if (l > 0) make_room(layer, true);
  }
}

void Bf16Operands::make_room(Layer& layer, bool backward) {
  const std::size_t x = words(max_batch_, layer.I), W = words(layer.I, layer.O), z = words(max_batch_, layer.O);
  layer.input_left = AlignedBuffer<std::uint32_t>(x);
  layer.input_left_t = AlignedBuffer<std::uint32_t>(x);
  layer.weight_right = AlignedBuffer<std::uint32_t>(W);
  layer.dz_right = AlignedBuffer<std::uint32_t>(z);
  if (!backward) return;
  layer.weight_right_t = AlignedBuffer<std::uint32_t>(W);
  layer.dz_left = AlignedBuffer<std::uint32_t>(z);
}

Bf16Packed Bf16Operands::input(std::size_t l) {
  Layer& layer = layers_[l];
  return {.rows = bf16_blocks(B_),
          .cols = bf16_blocks(layer.I),
          .left = layer.input_left.data(),
          .left_t = layer.input_left_t.data()};
}
Bf16Packed Bf16Operands::weight(std::size_t l) {
  Layer& layer = layers_[l];
  return {.rows = bf16_blocks(layer.I),
          .cols = bf16_blocks(layer.O),
          .right = layer.weight_right.data(),
          .right_t = layer.weight_right_t.data()};
}
Bf16Packed Bf16Operands::dz(std::size_t l) {
  Layer& layer = layers_[l];
  return {.rows = bf16_blocks(B_),
          .cols = bf16_blocks(layer.O),
          .left = layer.dz_left.data(),
          .right = layer.dz_right.data()};
}

void Bf16Operands::begin(const Runtime& rt, const Mlp& model, const FirstInput& first) {
  B_ = first.pixels.rows;
  const bool packed = std::exchange(weights_are_packed_, false);
  for (std::size_t l = 1; l < layers_.size() && !packed; ++l) pack(rt, model.weight(l), weight(l));
  if (first.is_pixels()) {
    first_is_packed_ = false;
    return;
  }
  if (layers_[0].input_left.size() == 0) make_room(layers_[0], false);
  if (!packed || !first_is_packed_) pack(rt, model.weight(0), weight(0));
  first_is_packed_ = true;
  take_input(rt, 0, first.floats);
}

void Bf16Operands::end() {
  weights_are_packed_ = stepped_ != nullptr;
  stepped_ = nullptr;
}

void Bf16Operands::take_input(const Runtime& rt, std::size_t l, ConstMatrixView x) { pack(rt, x, input(l)); }
void Bf16Operands::take_dz(const Runtime& rt, std::size_t l, ConstMatrixView dz_l) { pack(rt, dz_l, dz(l)); }

void Bf16Operands::forward(const Runtime& rt, const Mlp& model, std::size_t l, Epilogue epilogue, MatrixView out,
                           bool pack_output) {
  multiply(rt, {.M = B_,
                .N = layers_[l].O,
                .K = layers_[l].I,
                .a = input(l).left,
                .b = weight(l).right,
                .c = out.data,
                .c_stride = out.stride,
                .epilogue = epilogue,
                .bias = model.bias(l).data,
                .out = pack_output ? input(l + 1) : Bf16Packed{}});
}

void Bf16Operands::input_gradient(const Runtime& rt, std::size_t l, Epilogue epilogue, ConstMatrixView gate,
                                  MatrixView dx, bool pack_dx) {
  multiply(rt, {.M = B_,
                .N = layers_[l].I,
                .K = layers_[l].O,
                .a = dz(l).left,
                .b = weight(l).right_t,
                .c = dx.data,
                .c_stride = dx.stride,
                .epilogue = epilogue,
                .gate = gate.data,
                .gate_stride = gate.stride,
                .out = pack_dx ? dz(l - 1) : Bf16Packed{}});
}

void Bf16Operands::weight_gradient(const Runtime& rt, std::size_t l, MatrixView dW) {
  const MatrixView c = stepped_ != nullptr ? stepped_->weight(l) : dW;
  multiply(rt, {.M = layers_[l].I,
                .N = layers_[l].O,
                .K = B_,
                .a = input(l).left_t,
                .b = dz(l).right,
                .c = c.data,
                .c_stride = c.stride,
                .epilogue = stepped_ != nullptr ? Epilogue::descend : Epilogue::none,
                .rate = rate_,
                .out = stepped_ != nullptr ? weight(l) : Bf16Packed{}});
}

}  // namespace inkling
