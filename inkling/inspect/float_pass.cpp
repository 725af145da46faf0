#include "inkling/inspect/float_pass.h"

#include "inkling/core/error.h"
#include "inkling/model/layer.h"

namespace inkling {

FloatPass::FloatPass(const Mlp& model, std::size_t max_batch) {
  if (max_batch == 0) fail(ErrorKind::config, "a pass over 0 images; at least 1 is needed");
  if (model.config().batch_norm)
    fail(ErrorKind::config, "{} has batch normalisation: fold() it into the weights first", describe(model.config()));
  for (std::size_t l = 0; l < model.layer_count(); ++l) {
    const std::size_t O = model.config().widths[l + 1];
    outputs_.emplace_back(max_batch, O);
    dz_.emplace_back(max_batch, O);
    if (l + 1 < model.layer_count()) slopes_.emplace_back(max_batch, O);
  }
}

void FloatPass::begin(std::size_t batch) {
  if (batch == 0 || batch > max_batch())
    fail(ErrorKind::shape, "a pass over {} images; there is room for 1 to {}", batch, max_batch());
  batch_ = batch;
}

void FloatPass::forward(const Runtime& rt, const Mlp& model, ConstMatrixView x) {
  if (x.cols != model.config().inputs())
    fail(ErrorKind::shape, "inputs of shape {} given to {}", shape(x), describe(model.config()));
  begin(x.rows);
  affine(rt, x, model.weight(0), model.bias(0), Epilogue::bias, output(0));
  forward_from_sums(rt, model);
}

void FloatPass::forward_from_sums(const Runtime& rt, const Mlp& model) {
  for (std::size_t l = 0; l + 1 < model.layer_count(); ++l) {
    const MatrixView slope = slopes_[l].view().middle_rows(0, batch_);
    rt.kernels().activate(model.config().activation_of(l), output(l), output(l), slope);
    affine(rt, ConstMatrixView(output(l)), model.weight(l + 1), model.bias(l + 1), Epilogue::bias, output(l + 1));
  }
}

void FloatPass::backward(const Runtime& rt, const Mlp& model, std::size_t from) {
  for (std::size_t l = from; l > 0; --l)
    inkling::input_gradient(rt, ConstMatrixView(dz(l)), model.weight(l), Epilogue::multiply,
                            slopes_[l - 1].view().middle_rows(0, batch_), dz(l - 1));
}

void FloatPass::input_gradient(const Runtime& rt, const Mlp& model, MatrixView dx) {
  if (dx.rows != batch_ || dx.cols != model.config().inputs())
    fail(ErrorKind::shape, "an input gradient of shape {} for {} images of {}", shape(dx), batch_,
         describe(model.config()));
  inkling::input_gradient(rt, ConstMatrixView(dz(0)), model.weight(0), Epilogue::none, {}, dx);
}

Matrix inputs_of(const Mlp& model, PixelView images) {
  if (images.cols != model.config().inputs())
    fail(ErrorKind::shape, "images of {} pixels given to a network with {} inputs ({})", images.cols,
         model.config().inputs(), describe(model.config()));
  Matrix x(images.rows, images.cols);
  for (std::size_t b = 0; b < images.rows; ++b)
    for (std::size_t i = 0; i < images.cols; ++i) x(b, i) = model.pixel_values()[images(b, i)];
  return x;
}

}  // namespace inkling
