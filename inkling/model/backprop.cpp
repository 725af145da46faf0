#include "inkling/model/backprop.h"

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"
#include "inkling/core/matrix.h"
#include "inkling/model/layer.h"
#include "inkling/model/one_image.h"
#include "inkling/model/output.h"

namespace inkling {
namespace {

constexpr float kNormMomentum = 0.1f;  // PyTorch's: what a batch adds to the running statistics

constexpr std::size_t kMultiplyAddsAnElement = 20;  // guess: what an activation or a normalisation costs

void check_input(const Mlp& model, PixelView images, const Workspace& ws) {
  if (images.cols != model.config().inputs())
    fail(ErrorKind::shape, "forward: images of {} pixels given to a network with {} inputs ({})", images.cols,
         model.config().inputs(), describe(model.config()));
  if (images.rows == 0 || images.rows > ws.max_batch())
    fail(ErrorKind::shape, "forward: a batch of {} images; the workspace takes 1 to {}", images.rows, ws.max_batch());
  if (!ws.fits(model))
    fail(ErrorKind::shape, "forward: the workspace was made for another network than {}", describe(model.config()));
}

// z of hidden layer l stands in ws.normal(l); what normalisation makes of it goes to ws.output(l).
void normalize_batch(const Runtime& rt, const Mlp& model, std::size_t l, Workspace& ws) {
  const MatrixView rows = ws.column_statistics(l);
  const Normalize p{.x = ws.normal(l),
                    .scale = model.scale(l).data,
                    .shift = model.bias(l).data,
                    .y = ws.output(l),
                    .mean = rows.row(0).data(),
                    .variance = rows.row(1).data(),
                    .inverse = rows.row(2).data(),
                    .epsilon = kNormEpsilon};
  in_blocks(rt, round_up(p.x.cols, kColumnUnit), kColumnUnit, p.x.rows * p.x.cols * kMultiplyAddsAnElement,
            [&](std::size_t c0, std::size_t c1) noexcept { rt.kernels().normalize(p, c0, c1); });
  // Behind its columns x is 0 and shift is 0, so the padding of y is, too.
}

void remember_statistics(Mlp& model, std::size_t l, Workspace& ws) {
  if (ws.batch < 2) return;  // one image has no variance
  const MatrixView rows = ws.column_statistics(l);
  const float unbiased = static_cast<float>(ws.batch) / static_cast<float>(ws.batch - 1);
  const std::span<float> mean = model.running_mean(l).row(0), variance = model.running_variance(l).row(0);
  for (std::size_t o = 0; o < mean.size(); ++o) {
    mean[o] += kNormMomentum * (rows(0, o) - mean[o]);
    variance[o] += kNormMomentum * (unbiased * rows(1, o) - variance[o]);
  }
}

void normalize_by_history(const Runtime& rt, const Mlp& model, std::size_t l, Workspace& ws) {
  const MatrixView rows = ws.column_statistics(l);
  const std::span<float> scale = rows.row(2), shift = rows.row(3);
  const ConstMatrixView mean = model.running_mean(l), variance = model.running_variance(l);
  for (std::size_t o = 0; o < scale.size(); ++o) {
    scale[o] = model.scale(l)(0, o) / std::sqrt(variance(0, o) + kNormEpsilon);
    shift[o] = model.bias(l)(0, o) - mean(0, o) * scale[o];
  }
  rt.kernels().scale_and_shift(ws.normal(l), scale.data(), shift.data(), ws.output(l));
}

// In place in ws.output(l), with the slope where it is kept.
void activate(const Runtime& rt, const Config& config, std::size_t l, Workspace& ws) {
  const MatrixView z = ws.output(l);
  const MatrixView slope = ws.training && ws.keeps_slope(l) ? ws.slope(l) : MatrixView();
  in_blocks(rt, z.rows, 1, z.rows * z.cols * kMultiplyAddsAnElement, [&](std::size_t b0, std::size_t b1) noexcept {
    rt.kernels().activate(config.activation_of(l), z.middle_rows(b0, b1 - b0), z.middle_rows(b0, b1 - b0),
                          slope.data == nullptr ? slope : slope.middle_rows(b0, b1 - b0));
  });
}

// The sums of layer l. whole: whether they are the layer's output, to which nothing more is done.
void sums(const Runtime& rt, const Mlp& model, std::size_t l, Workspace& ws, Epilogue epilogue, MatrixView out,
          bool whole = false) {
  const ConstMatrixView W = model.weight(l), b = model.bias(l);
  if (l == 0 && ws.input.is_pixels()) {
    ws.first.forward(rt, ws.input, W, b.data, epilogue, out, ws.keeps_images);
    if (ws.bf16 != nullptr && whole) ws.bf16->take_input(rt, 1, out);
    return;
  }
  if (ws.bf16 != nullptr) return ws.bf16->forward(rt, model, l, epilogue, out, whole);
  const ConstMatrixView x = l == 0 ? ws.input.floats : ws.output(l - 1);
  if (ws.batch == 1) return affine_of_one(rt, x, W, b, epilogue, out);
  affine(rt, x, W, b, epilogue, out);
}

void layer(const Runtime& rt, const Mlp& model, std::size_t l, Workspace& ws, const TrainingPass* pass) {
  const Config& config = model.config();
  if (l + 1 == model.layer_count()) return sums(rt, model, l, ws, Epilogue::bias, ws.output(l));
  const bool drops = pass != nullptr && config.dropout > 0;
  const bool whole = !config.batch_norm && config.activation_of(l) == Activation::relu && !drops;
  if (config.batch_norm) {
    sums(rt, model, l, ws, Epilogue::none, ws.normal(l));
    if (pass != nullptr)
      normalize_batch(rt, model, l, ws);
    else
      normalize_by_history(rt, model, l, ws);
    activate(rt, config, l, ws);
  } else if (config.activation_of(l) == Activation::relu) {
    sums(rt, model, l, ws, Epilogue::bias_relu, ws.output(l), whole);
    if (ws.training && ws.keeps_slope(l))
      rt.kernels().activate(Activation::relu, ws.output(l), ws.output(l), ws.slope(l));
  } else {
    sums(rt, model, l, ws, Epilogue::bias, ws.output(l));
    activate(rt, config, l, ws);
  }
  if (drops) drop_out(rt, config.dropout, *pass, l + 1, ws.output(l), ws.slope(l));
  if (ws.bf16 != nullptr && !whole) ws.bf16->take_input(rt, l + 1, ws.output(l));
}

void forward_from(const Runtime& rt, const Mlp& model, const FirstInput& input, Workspace& ws,
                  const TrainingPass* pass) {
  const bool known = pass != nullptr && pass->same_images && input.pixels.data == ws.input.pixels.data &&
                     input.pixels.rows == ws.input.pixels.rows && model.config().dropout_input == 0;
  if (!known) ws.first.forget_images();
  ws.input = input;
  ws.keeps_images = pass != nullptr;
  if (ws.bf16 != nullptr) ws.bf16->begin(rt, model, input);
  for (std::size_t l = 0; l < model.layer_count(); ++l) layer(rt, model, l, ws, pass);
}

// guess: whose outputs stay in the second cache from one layer to the next, and that are worth the reading of all
// weights
constexpr std::size_t kImagesInCache = 256;

// Images [b0, b1) through all layers, without batch normalisation.
void infer_rows(const Runtime& rt, const Mlp& model, std::size_t b0, std::size_t b1, Workspace& ws) {
  const auto rows = [&](MatrixView m) { return m.middle_rows(b0, b1 - b0); };
  for (std::size_t l = 0; l < model.layer_count(); ++l) {
    const bool hidden = l + 1 < model.layer_count();
    const Activation f = hidden ? model.config().activation_of(l) : Activation::linear;
    const Epilogue epilogue = f == Activation::relu ? Epilogue::bias_relu : Epilogue::bias;
    const MatrixView out = rows(ws.output(l));
    if (l == 0) {
      const FirstInput input{.pixels = ws.input.pixels.middle_rows(b0, b1 - b0), .worth = ws.input.worth};
      ws.first.forward_rows(rt.kernels(), input, model.bias(0).data, epilogue, out);
    } else {
      affine(rt, ConstMatrixView(rows(ws.output(l - 1))), model.weight(l), model.bias(l), epilogue, out);
    }
    if (!hidden) return;
    const MatrixView slope = ws.keeps_slope(l) ? rows(ws.slope(l)) : MatrixView();
    if (f != Activation::relu || slope.data != nullptr) rt.kernels().activate(f, out, out, slope);
  }
}

// All images of ws.input, each thread's in pieces that stay in its cache from one layer to the next.
void infer_in_pieces(const Runtime& rt, const Mlp& model, Workspace& ws) {
  const std::size_t pieces = (ws.batch + kImagesInCache - 1) / kImagesInCache;
  const std::size_t tasks = std::min(rt.threads(), pieces);
  ws.first.prepare(rt, model.weight(0));
  rt.pool().run(tasks, [&](std::size_t task) noexcept {
    for (std::size_t piece = task * pieces / tasks; piece < (task + 1) * pieces / tasks; ++piece) {
      const std::size_t b0 = piece * kImagesInCache;
      infer_rows(rt, model, b0, std::min(b0 + kImagesInCache, ws.batch), ws);
    }
  });
}

}  // namespace

void forward(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws) {
  check_input(model, images, ws);
  ws.batch = images.rows;
  ws.training = !model.config().batch_norm;  // without it backward() may follow
  const FirstInput input = {.pixels = images, .worth = model.pixel_worth()};
  if (model.config().batch_norm || images.rows < kImagesInCache * rt.threads())
    return forward_from(rt, model, input, ws, nullptr);
  ws.input = input;
  ws.first.forget_images();
  infer_in_pieces(rt, model, ws);
}

void forward(const Runtime& rt, Mlp& model, PixelView images, Workspace& ws, const TrainingPass& pass) {
  check_input(model, images, ws);
  if (!pass.partners.empty() && pass.partners.size() != images.rows)
    fail(ErrorKind::shape, "forward: {} partners for {} images", pass.partners.size(), images.rows);
  for (const std::uint32_t partner : pass.partners)
    if (partner >= images.rows) fail(ErrorKind::shape, "forward: partner {} in a batch of {}", partner, images.rows);
  ws.batch = images.rows;
  ws.training = true;
  ws.first.thaw();  // what trains changes its weights
  forward_from(rt, model, noisy_input(rt, model, images, ws, pass), ws, &pass);
  if (model.config().batch_norm)
    for (std::size_t l = 0; l + 1 < model.layer_count(); ++l) remember_statistics(model, l, ws);
}

namespace {

// With a model to move, weights take their step of descent as soon as nothing needs them any more.
void backward_from(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws, Mlp* to_move, float rate) {
  if (images.rows != ws.batch || images.cols != model.config().inputs())
    fail(ErrorKind::shape, "backward: ({}, {}) images; forward saw ({}, {})", images.rows, images.cols, ws.batch,
         model.config().inputs());
  if (!ws.fits(model))
    fail(ErrorKind::shape, "backward: the workspace was made for another network than {}", describe(model.config()));
  if (!ws.training)
    fail(ErrorKind::shape, "backward: the last forward pass was not a training pass: give it a TrainingPass");

  if (ws.bf16 != nullptr && to_move != nullptr) ws.bf16->step_weights(*to_move, rate);
  for (std::size_t l = model.layer_count(); l-- > 0;) {
    const bool hidden = l + 1 < model.layer_count();
    const MatrixView db = ws.gradient(model.table()[2 * l + 1]), dW = ws.gradient(model.table()[2 * l]);
    if (hidden && model.config().batch_norm) {
      const NormalizeGradient p{.dz = ws.dz(l),
                                .x = ws.normal(l),
                                .scale = model.scale(l).data,
                                .inverse = ws.column_statistics(l).row(2).data(),
                                .dscale = ws.gradient(model.table()[2 * model.layer_count() + l]).data,
                                .dshift = db.data};
      in_blocks(rt, round_up(p.x.cols, kColumnUnit), kColumnUnit, p.x.rows * p.x.cols * kMultiplyAddsAnElement,
                [&](std::size_t c0, std::size_t c1) noexcept { rt.kernels().normalize_gradient(p, c0, c1); });
    } else {
      const ConstMatrixView dz = ws.dz(l);
      in_blocks(rt, dz.stride, kColumnUnit, dz.rows * dz.cols, [&](std::size_t c0, std::size_t c1) noexcept {
        rt.kernels().column_sums({dz.data + c0, dz.rows, c1 - c0, dz.stride}, db.data + c0);
      });
    }
    const bool kept = l > 0 && ws.keeps_slope(l - 1);
    const Epilogue gated = kept ? Epilogue::multiply : Epilogue::relu_gradient;
    const ConstMatrixView gate = l == 0 ? ConstMatrixView() : kept ? ws.slope(l - 1) : ws.output(l - 1);
    const Descent descent{.model = to_move, .layer = l, .rate = rate};
    if (l == 0 && ws.input.is_pixels()) {
      ws.first.weight_gradient(rt, ws.input, ws.dz(0), dW, descent);
      break;
    }
    if (ws.bf16 != nullptr) {
      // dz of the loss and of batch normalisation are not a product's; W^T is wanted as it was before its step.
      if (!hidden || model.config().batch_norm) ws.bf16->take_dz(rt, l, ws.dz(l));
      if (l > 0)
        ws.bf16->input_gradient(rt, l, gated, gate, ws.dz(l - 1),
                                !model.config().batch_norm && !(l == 1 && ws.input.is_pixels()));
      ws.bf16->weight_gradient(rt, l, dW);
      continue;
    }
    if (l == 0) return weight_gradient(rt, ws.input.floats, ws.dz(0), dW, descent);
    input_gradient(rt, ws.dz(l), model.weight(l), gated, gate, ws.dz(l - 1));
    weight_gradient(rt, ConstMatrixView(ws.output(l - 1)), ws.dz(l), dW, descent);
  }
  if (ws.bf16 != nullptr) ws.bf16->end();
}

}  // namespace

void backward(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws) {
  backward_from(rt, model, images, ws, nullptr, 0);
}

void backward_and_descend(const Runtime& rt, Mlp& model, PixelView images, Workspace& ws, float rate) {
  backward_from(rt, model, images, ws, &model, rate);
  for (const Tensor& t : model.table())
    if (!t.is_weight())
      rt.kernels().sgd(model.tensor(t).data, ws.gradients().data() + t.offset, t.rows * t.stride, rate);
}

void freeze(const Runtime& rt, const Mlp& model, Workspace& ws) {
  if (!ws.fits(model))
    fail(ErrorKind::shape, "freeze: the workspace was made for another network than {}", describe(model.config()));
  ws.first.freeze(rt, model.weight(0));
}

void predict(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws, MatrixView probabilities) {
  if (probabilities.rows != images.rows || probabilities.cols != model.config().outputs())
    fail(ErrorKind::shape, "predict: probabilities of shape {} for {} images and {} outputs", shape(probabilities),
         images.rows, model.config().outputs());
  if (probabilities.stride % kColumnUnit != 0)
    fail(ErrorKind::shape, "predict: probabilities in rows {} floats apart; a Matrix has them a multiple of {} apart",
         probabilities.stride, kColumnUnit);
  forward(rt, model, images, ws);
  class_probabilities(rt, model.config(), ws.logits(), probabilities);
}

}  // namespace inkling
