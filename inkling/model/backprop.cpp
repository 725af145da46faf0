#include "inkling/model/backprop.h"

#include <algorithm>

#include "inkling/core/error.h"
#include "inkling/kernel/matmul.h"

namespace inkling {
namespace {

// measured (AVX-512 core, 2026-11, batch 128, 784 inputs): forward and gradient together are faster sparse below 0.4 to
// 0.5 of ink, with 128 outputs and with 1024. Either way gives the same bytes.
constexpr double kSparseBelow = 0.45;
constexpr std::size_t kImagesLookedAt = 16;  // guess

// guess: multiply-adds below which a call stays on one thread, as measured for products in kernel/matmul.cpp.
constexpr std::size_t kWorthThreads = 1u << 17;
constexpr std::size_t kBlocksPerThread = 2;  // guess: fewer, larger blocks, each of which reads all of W

bool mostly_background(const Kernels& kernels, PixelView images) {
  const std::size_t looked_at = std::min(images.rows, kImagesLookedAt);
  std::size_t ink = 0;
  for (std::size_t j = 0; j < looked_at; ++j)
    ink += kernels.count_nonzero(images.data + j * images.rows / looked_at * images.stride, images.cols);
  return static_cast<double>(ink) <= kSparseBelow * static_cast<double>(looked_at * images.cols);
}

// Runs block(first, end) over [0, count) in pieces that are multiples of unit.
template <typename Block>
void in_blocks(const Runtime& rt, std::size_t count, std::size_t unit, std::size_t multiply_adds, const Block& block) {
  if (rt.threads() == 1 || multiply_adds < kWorthThreads) return block(0, count);
  const std::size_t wanted = kBlocksPerThread * rt.threads();
  const std::size_t length = round_up((count + wanted - 1) / wanted, unit);
  rt.pool().run((count + length - 1) / length,
                [&](std::size_t task) noexcept { block(task * length, std::min((task + 1) * length, count)); });
}

// z = x W + b, out = relu(z) in a hidden layer, z in the last.
void first_layer(const Runtime& rt, PixelView X, const float* values, ConstMatrixView W, ConstMatrixView b,
                 Epilogue epilogue, MatrixView out, bool sparse) {
  if (sparse) {
    const SparseForward p{.X = X,
                          .pixel_values = values,
                          .W = W.data,
                          .W_stride = W.stride,
                          .bias = b.data,
                          .out = out.data,
                          .out_stride = out.stride,
                          .O = W.cols,
                          .epilogue = epilogue};
    in_blocks(rt, X.rows, 1, X.rows * X.cols * W.cols / 4,
              [&](std::size_t b0, std::size_t b1) noexcept { rt.kernels().sparse_forward(p, b0, b1); });
    return;
  }
  multiply(rt, {.M = X.rows,
                .N = W.cols,
                .K = X.cols,
                .a_pixels = X.data,
                .pixel_values = values,
                .a_row = X.stride,
                .b = W.data,
                .b_stride = W.stride,
                .c = out.data,
                .c_stride = out.stride,
                .epilogue = epilogue,
                .bias = b.data});
}

void layer(const Runtime& rt, ConstMatrixView x, ConstMatrixView W, ConstMatrixView b, Epilogue epilogue,
           MatrixView out) {
  multiply(rt, {.M = x.rows,
                .N = W.cols,
                .K = x.cols,
                .a = x.data,
                .a_row = x.stride,
                .b = W.data,
                .b_stride = W.stride,
                .c = out.data,
                .c_stride = out.stride,
                .epilogue = epilogue,
                .bias = b.data});
}

// dW = x^T dz of the first layer.
void first_weight_gradient(const Runtime& rt, PixelView X, const float* values, ConstMatrixView dz, MatrixView dW,
                           bool sparse) {
  if (sparse) {
    const SparseGradient p{.X = X,
                           .pixel_values = values,
                           .dz = dz.data,
                           .dz_stride = dz.stride,
                           .dW = dW.data,
                           .dW_stride = dW.stride,
                           .O = dz.cols};
    constexpr std::size_t kRowsATask = 64;  // derived: the kernel takes 64 pixels at a time
    if (X.rows * X.cols * dz.cols / 4 < kWorthThreads) return rt.kernels().sparse_gradient(p, 0, dW.rows);
    rt.pool().run((dW.rows + kRowsATask - 1) / kRowsATask, [&](std::size_t task) noexcept {
      rt.kernels().sparse_gradient(p, task * kRowsATask, std::min((task + 1) * kRowsATask, dW.rows));
    });
    return;
  }
  multiply(rt, {.M = X.cols,
                .N = dz.cols,
                .K = X.rows,
                .a_pixels = X.data,
                .pixel_values = values,
                .a_row = 1,
                .a_column = X.stride,
                .b = dz.data,
                .b_stride = dz.stride,
                .c = dW.data,
                .c_stride = dW.stride});
}

void weight_gradient(const Runtime& rt, ConstMatrixView x, ConstMatrixView dz, MatrixView dW) {
  multiply(rt, {.M = x.cols,
                .N = dz.cols,
                .K = x.rows,
                .a = x.data,
                .a_row = 1,
                .a_column = x.stride,
                .b = dz.data,
                .b_stride = dz.stride,
                .c = dW.data,
                .c_stride = dW.stride});
}

// dz_below = (dz W^T) * relu'(z_below), with relu' read off the layer's output.
void input_gradient(const Runtime& rt, ConstMatrixView dz, ConstMatrixView W, ConstMatrixView output_below,
                    MatrixView dz_below) {
  multiply(rt, {.M = dz.rows,
                .N = W.rows,
                .K = W.cols,
                .a = dz.data,
                .a_row = dz.stride,
                .b = W.data,
                .b_stride = W.stride,
                .b_transposed = true,
                .c = dz_below.data,
                .c_stride = dz_below.stride,
                .epilogue = Epilogue::relu_gradient,
                .gate = output_below.data,
                .gate_stride = output_below.stride});
}

}  // namespace

void forward(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws) {
  if (images.cols != model.config().inputs())
    fail(ErrorKind::shape, "forward: images of {} pixels given to a network with {} inputs ({})", images.cols,
         model.config().inputs(), describe(model.config()));
  if (images.rows == 0 || images.rows > ws.max_batch())
    fail(ErrorKind::shape, "forward: a batch of {} images; the workspace takes 1 to {}", images.rows, ws.max_batch());
  if (!ws.fits(model))
    fail(ErrorKind::shape, "forward: the workspace was made for another network than {}", describe(model.config()));
  ws.batch = images.rows;
  ws.sparse = mostly_background(rt.kernels(), images);

  const std::size_t L = model.layer_count();
  for (std::size_t l = 0; l < L; ++l) {
    const Epilogue epilogue = l + 1 < L ? Epilogue::bias_relu : Epilogue::bias;
    if (l == 0)
      first_layer(rt, images, model.pixel_values(), model.weight(0), model.bias(0), epilogue, ws.output(0), ws.sparse);
    else
      layer(rt, ws.output(l - 1), model.weight(l), model.bias(l), epilogue, ws.output(l));
  }
}

double softmax_cross_entropy(const Runtime& rt, std::span<const std::uint8_t> labels, Workspace& ws) {
  const ConstMatrixView logits = ws.logits();
  if (labels.size() != logits.rows)
    fail(ErrorKind::shape, "softmax_cross_entropy: {} labels for {} images", labels.size(), logits.rows);
  for (const std::uint8_t label : labels)
    if (label >= logits.cols)
      fail(ErrorKind::shape, "softmax_cross_entropy: label {} for a network with {} outputs", label, logits.cols);

  const SoftmaxLoss p{.logits = logits,
                      .labels = labels.data(),
                      .scale = 1.0f / static_cast<float>(logits.rows),
                      .dz = ws.dz(ws.layer_count() - 1),
                      .loss = ws.loss().data(),
                      .correct = ws.is_correct().data()};
  constexpr std::size_t kMultiplyAddsAnElement = 100;  // guess: what an exponential costs
  in_blocks(rt, logits.rows, 1, logits.rows * logits.cols * kMultiplyAddsAnElement,
            [&](std::size_t b0, std::size_t b1) noexcept { rt.kernels().softmax_loss(p, b0, b1); });

  double total = 0;  // in the order of the images, whoever computed them
  ws.correct = 0;
  for (std::size_t b = 0; b < logits.rows; ++b) {
    total += ws.loss()[b];
    ws.correct += ws.is_correct()[b];
  }
  return total / static_cast<double>(logits.rows);
}

void backward(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws) {
  if (images.rows != ws.batch || images.cols != model.config().inputs())
    fail(ErrorKind::shape, "backward: ({}, {}) images; forward saw ({}, {})", images.rows, images.cols, ws.batch,
         model.config().inputs());
  if (!ws.fits(model))
    fail(ErrorKind::shape, "backward: the workspace was made for another network than {}", describe(model.config()));
  for (std::size_t l = model.layer_count(); l-- > 0;) {
    const Tensor& W = model.table()[2 * l];
    const Tensor& b = model.table()[2 * l + 1];
    rt.kernels().column_sums(ws.dz(l), ws.gradient(b).data);
    if (l == 0) {
      first_weight_gradient(rt, images, model.pixel_values(), ws.dz(0), ws.gradient(W), ws.sparse);
    } else {
      weight_gradient(rt, ws.output(l - 1), ws.dz(l), ws.gradient(W));
      input_gradient(rt, ws.dz(l), model.weight(l), ws.output(l - 1), ws.dz(l - 1));
    }
  }
}

void predict(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws, MatrixView probabilities) {
  if (probabilities.rows != images.rows || probabilities.cols != model.config().outputs())
    fail(ErrorKind::shape, "predict: probabilities of shape {} for {} images and {} outputs", shape(probabilities),
         images.rows, model.config().outputs());
  if (probabilities.stride % kColumnUnit != 0)
    fail(ErrorKind::shape, "predict: probabilities in rows {} floats apart; a Matrix has them a multiple of {} apart",
         probabilities.stride, kColumnUnit);
  forward(rt, model, images, ws);
  rt.kernels().softmax(ws.logits(), probabilities);
}

}  // namespace inkling
