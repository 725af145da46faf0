#include "inkling/measure/products.h"

#include "inkling/core/error.h"
#include "inkling/model/layer.h"

namespace inkling {
namespace {

// Numbers between -0.5 and 0.5, of both signs; which ones does not matter to the time.
Matrix filled_matrix(std::size_t rows, std::size_t cols, std::size_t pattern) {
  Matrix m(rows, cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) m(r, c) = static_cast<float>((7 * r + 13 * c + pattern) % 31) / 31 - 0.5f;
  return m;
}

bool reads_pixels(LayerProductKind kind) {
  return kind == LayerProductKind::forward_pixels || kind == LayerProductKind::weight_gradient_pixels;
}

Matrix result_of(LayerProductKind kind, const LayerShape& shape) {
  switch (kind) {
    case LayerProductKind::forward:
    case LayerProductKind::forward_pixels: return {shape.images, shape.outputs};
    case LayerProductKind::weight_gradient:
    case LayerProductKind::weight_gradient_pixels: return {shape.inputs, shape.outputs};
    case LayerProductKind::input_gradient: return {shape.images, shape.inputs};
  }
  return {};
}

}  // namespace

LayerProduct::LayerProduct(LayerProductKind kind, const LayerShape& shape, const Dataset& data)
    : kind_(kind),
      x_(filled_matrix(shape.images, shape.inputs, 1)),
      W_(filled_matrix(shape.inputs, shape.outputs, 2)),
      b_(1, shape.outputs),
      dz_(filled_matrix(shape.images, shape.outputs, 3)),
      result_(result_of(kind, shape)) {
  if (!reads_pixels(kind)) return;
  if (data.image_size() != shape.inputs)
    fail(ErrorKind::shape, "{} of {} inputs: the images have {} pixels", name(kind), shape.inputs, data.image_size());
  for (std::size_t b = 0; b < shape.images; ++b) {
    const auto image = data.image(b % data.count()).row(0);
    pixels_.insert(pixels_.end(), image.begin(), image.end());
  }
}

void LayerProduct::run(const Runtime& rt) {
  const FirstInput pixels{.pixels = {pixels_.data(), x_.rows(), x_.cols()}, .worth = 1.0f / 255};
  first_.forget_images();  // each time as a new batch
  switch (kind_) {
    case LayerProductKind::forward: return affine(rt, x_, W_, b_, Epilogue::bias_relu, result_);
    case LayerProductKind::forward_pixels:
      return first_.forward(rt, pixels, W_, b_.data(), Epilogue::bias_relu, result_, true);
    case LayerProductKind::weight_gradient: return weight_gradient(rt, x_.view(), dz_, result_);
    case LayerProductKind::weight_gradient_pixels: return first_.weight_gradient(rt, pixels, dz_, result_, {});
    case LayerProductKind::input_gradient: return input_gradient(rt, dz_, W_, Epilogue::relu_gradient, x_, result_);
  }
}

}  // namespace inkling
