#include "inkling/inspect/saliency.h"

#include <algorithm>

#include "inkling/core/error.h"
#include "inkling/inspect/float_pass.h"

namespace inkling {
namespace {

constexpr std::size_t kBatch = 256;  // guess: images at a time

void check_classes(const Mlp& model, PixelView images, std::span<const std::size_t> classes) {
  if (classes.size() != images.rows)
    fail(ErrorKind::shape, "saliency: {} classes for {} images", classes.size(), images.rows);
  for (const std::size_t c : classes)
    if (c >= model.config().outputs())
      fail(ErrorKind::shape, "saliency: class {} of a network with {} outputs", c, model.config().outputs());
}

}  // namespace

Matrix input_gradient(const Runtime& rt, const Mlp& model, PixelView images, std::span<const std::size_t> classes) {
  check_classes(model, images, classes);
  const Matrix x = inputs_of(model, images);
  Matrix gradient(images.rows, images.cols);
  FloatPass pass(model, std::clamp<std::size_t>(images.rows, 1, kBatch));
  const std::size_t last = model.layer_count() - 1;
  for (std::size_t first = 0; first < images.rows; first += pass.max_batch()) {
    const std::size_t B = std::min(pass.max_batch(), images.rows - first);
    pass.forward(rt, model, x.view().middle_rows(first, B));
    const MatrixView dz = pass.dz(last);
    for (std::size_t b = 0; b < B; ++b)
      for (std::size_t c = 0; c < dz.cols; ++c) dz(b, c) = c == classes[first + b] ? 1.0f : 0.0f;
    pass.backward(rt, model, last);
    pass.input_gradient(rt, model, gradient.view().middle_rows(first, B));
  }
  return gradient *= model.config().ink;
}

Matrix gradient_times_input(const Runtime& rt, const Mlp& model, PixelView images,
                            std::span<const std::size_t> classes) {
  Matrix shares = input_gradient(rt, model, images, classes);
  for (std::size_t b = 0; b < images.rows; ++b)
    for (std::size_t i = 0; i < images.cols; ++i) shares(b, i) *= static_cast<float>(images(b, i)) / 255.0f;
  return shares;
}

}  // namespace inkling
