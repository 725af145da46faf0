#include "inkling/model/first_layer.h"

#include <algorithm>

namespace inkling {
namespace {

// guess: of work in multiply-adds that is not skipped; below, one thread is done before a second begins
constexpr std::size_t kWorthThreads = 1u << 19;
// measured (preset numpy, two threads; docs/performance.md): of 4, 8 and 16 the best for narrow layers
constexpr std::size_t kBlocksPerThread = 16;

// Calls f(n0, n1) for columns [0, N) in panels of so many columns, on all threads where there are several.
template <typename F>
void in_panels(const Runtime& rt, std::size_t N, std::size_t columns, const F& f) {
  if (rt.threads() == 1 || N <= columns) return f(std::size_t{0}, N);
  rt.pool().run((N + columns - 1) / columns,
                [&](std::size_t panel) noexcept { f(panel * columns, std::min((panel + 1) * columns, N)); });
}

void to_fixed(const Runtime& rt, const PixelKernels& kernels, ConstMatrixView m, RowNumbers rows,
              const FixedPoint& out) {
  in_panels(rt, m.cols, kernels.fixed_columns,
            [&](std::size_t n0, std::size_t n1) noexcept { kernels.to_fixed(m, rows, out, n0, n1); });
}

PixelProduct forward_product(PixelView images, bool rows_aligned, const FixedPoint& W, float worth, const float* bias,
                             Epilogue epilogue, MatrixView out) {
  return {.pixels = images,
          .rows_aligned = rows_aligned,
          .b = W,
          .worth = worth,
          .rows = {},
          .c = out.data,
          .c_stride = out.stride,
          .epilogue = epilogue,
          .bias = bias};
}

// epilogue(worth * pixels b), with rows of `to_fix` brought to fixed point first, unless that was done before, and
// other(part, parts) for each part of some other work, which the product does not need.
template <typename F>
void multiply(const Runtime& rt, const PixelKernels& kernels, const PixelProduct& p, const ConstMatrixView* to_fix,
              RowNumbers fixed_rows, const F& other) {
  const std::size_t rows = p.pixels.rows, N = p.b.N, threads = rt.threads();
  const std::size_t width = kernels.columns, panels = (N + width - 1) / width;
  const auto columns = [&](std::size_t n0, std::size_t n1) noexcept {
    if (to_fix != nullptr) kernels.to_fixed(*to_fix, fixed_rows, p.b, n0, n1);
    kernels.product(p, 0, rows, n0, n1);
  };
  if (threads == 1 || rows * p.pixels.cols * N < kWorthThreads) {
    columns(0, N);
    return other(0, 1);
  }
  if (panels % threads == 0 || panels >= kBlocksPerThread * threads) {
    return rt.pool().run(panels, [&](std::size_t panel) noexcept {
      columns(panel * width, std::min((panel + 1) * width, N));
      other(panel, panels);
    });
  }
  if (to_fix != nullptr) to_fixed(rt, kernels, *to_fix, fixed_rows, p.b);
  const std::size_t wanted = (kBlocksPerThread * threads + panels - 1) / panels;
  const std::size_t height = round_up((rows + wanted - 1) / wanted, kPixelRows);
  const std::size_t pieces = (rows + height - 1) / height;
  rt.pool().run(panels * pieces, [&](std::size_t task) noexcept {
    const std::size_t r0 = task % pieces * height, n0 = task / pieces * width;
    kernels.product(p, r0, std::min(r0 + height, rows), n0, std::min(n0 + width, N));
    other(task, panels * pieces);
  });
}

}  // namespace

void FirstLayer::freeze(const Runtime& rt, ConstMatrixView W) {
  thaw();
  prepare(rt, W);
  to_fixed(rt, rt.kernels().one_image, W, {}, weights_of_one_.resize(W.rows, W.cols, bits_));
  frozen_ = W.data;
  frozen_for_ = rt.kernels().isa;
}

void FirstLayer::prepare(const Runtime& rt, ConstMatrixView W) {
  if (is_frozen(rt, W)) return;
  thaw();
  to_fixed(rt, rt.kernels().pixels, W, {}, weights_.resize(W.rows, W.cols, bits_));
}

void FirstLayer::forward_rows(const Kernels& kernels, const FirstInput& x, const float* bias, Epilogue epilogue,
                              MatrixView out) const noexcept {
  const PixelProduct p = forward_product(x.pixels, false, weights_.current(), x.worth, bias, epilogue, out);
  kernels.pixels.product(p, 0, x.pixels.rows, 0, out.cols);
}

void FirstLayer::take_ink(const Runtime& rt, PixelView images) {
  const Kernels& kernels = rt.kernels();
  if (any_.size() < images.cols) any_ = AlignedBuffer<std::uint8_t>(round_up(images.cols, kPixelBlock));
  kernels.find_ink(images, any_.data());
  pixels_.clear();
  for (std::size_t i = 0; i < images.cols; ++i)
    if (any_[i] != 0) pixels_.push_back(static_cast<std::uint32_t>(i));
  if (pixels_.empty()) {  // blank images: a product of no terms would be a case of its own everywhere
    any_[0] = 1;
    pixels_.push_back(0);
  }
  const View<std::uint8_t> taken = ink(images.rows);
  in_blocks(rt, images.rows, 1, images.rows * images.cols,
            [&](std::size_t r0, std::size_t r1) noexcept { kernels.take_columns(images, any_.data(), taken, r0, r1); });
  has_ink_ = true;
}

void FirstLayer::forward(const Runtime& rt, const FirstInput& x, ConstMatrixView W, const float* bias,
                         Epilogue epilogue, MatrixView out, bool transposes) {
  const std::size_t B = x.pixels.rows;
  const bool frozen = is_frozen(rt, W);
  if (!frozen) thaw();                  // their memory is written over
  const bool takes = B > 1 && !frozen;  // else the weights of all pixels are in fixed point, or the image is alone
  if (takes && !has_ink_) take_ink(rt, x.pixels);
  const PixelView images = takes ? PixelView(ink(B)) : x.pixels;
  FixedBuffer& weights = B == 1 ? weights_of_one_ : weights_;
  const FixedPoint fixed = frozen ? weights.current() : weights.resize(images.cols, W.cols, bits_);
  const PixelProduct p = forward_product(images, takes, fixed, x.worth, bias, epilogue, out);
  const bool transposes_now = takes && transposes && !has_transposed_;
  const View<std::uint8_t> t = transposes_now ? transposed(B) : View<std::uint8_t>();
  multiply(rt, B == 1 ? rt.kernels().one_image : rt.kernels().pixels, p, frozen ? nullptr : &W,
           takes ? RowNumbers(pixels_) : RowNumbers(), [&](std::size_t part, std::size_t parts) noexcept {
             if (!transposes_now) return;
             const std::size_t J = images.cols, blocks = (J + kPixelBlock - 1) / kPixelBlock;
             const std::size_t first = part * blocks / parts, end = (part + 1) * blocks / parts;
             if (first < end)
               rt.kernels().transpose_pixels(images, t, first * kPixelBlock, std::min(end * kPixelBlock, J));
           });
  has_transposed_ = has_transposed_ || transposes_now;
}

void FirstLayer::weight_gradient(const Runtime& rt, const FirstInput& x, ConstMatrixView dz, MatrixView dW,
                                 const Descent& descent) {
  const std::size_t B = x.pixels.rows;
  if (!has_ink_) take_ink(rt, x.pixels);
  const PixelView images = ink(B);
  const View<std::uint8_t> t = transposed(B);
  if (!has_transposed_)
    in_blocks(rt, images.cols, kPixelBlock, B * images.cols,
              [&](std::size_t c0, std::size_t c1) noexcept { rt.kernels().transpose_pixels(images, t, c0, c1); });
  has_transposed_ = true;
  PixelProduct p{.pixels = t,
                 .rows_aligned = true,
                 .b = dz_.resize(B, dz.cols, bits_),
                 .worth = x.worth,
                 .rows = pixels_,
                 .c = dW.data,
                 .c_stride = dW.stride,
                 .epilogue = Epilogue::none};
  if (descent.model != nullptr) {
    const MatrixView w = descent.model->weight(0);
    p.epilogue = Epilogue::descend;
    p.w = w.data;
    p.w_stride = w.stride;
    p.rate = descent.rate;
  } else {
    for (std::size_t i = 0; i < dW.rows; ++i)
      if (any_[i] == 0) std::fill_n(dW.data + i * dW.stride, dW.stride, 0.0f);
  }
  multiply(rt, rt.kernels().pixels, p, &dz, {}, [](std::size_t, std::size_t) noexcept {});
}

View<std::uint8_t> FirstLayer::ink(std::size_t images) {
  const std::size_t stride = round_up(pixels_.size(), kPixelBlock);
  if (ink_.size() < images * stride) ink_ = AlignedBuffer<std::uint8_t>(images * stride);
  return {ink_.data(), images, pixels_.size(), stride};
}

View<std::uint8_t> FirstLayer::transposed(std::size_t images) {
  const std::size_t stride = round_up(images, kPixelBlock);
  if (transposed_.size() < pixels_.size() * stride)
    transposed_ = AlignedBuffer<std::uint8_t>(round_up(pixels_.size(), kPixelBlock) * stride);
  return {transposed_.data(), pixels_.size(), images, stride};
}

}  // namespace inkling
