#include "inkling/model/layer.h"

#include "inkling/kernel/matmul.h"

namespace inkling {
namespace {

// C = A B with A given by its first element and its two strides.
Product product(std::size_t M, std::size_t K, ConstMatrixView B, MatrixView C) {
  return {.M = M, .N = B.cols, .K = K, .b = B.data, .b_stride = B.stride, .c = C.data, .c_stride = C.stride};
}

Product with_a(Product p, ConstMatrixView x, bool transposed) {
  p.a = x.data;
  p.a_row = transposed ? 1 : x.stride;
  p.a_column = transposed ? x.stride : 1;
  return p;
}

Product with_epilogue(Product p, Epilogue epilogue, const float* bias) {
  p.epilogue = epilogue;
  p.bias = bias;
  return p;
}

// A step of descent instead of the gradient.
Product with_descent(Product p, const Descent& descent) {
  if (descent.model == nullptr) return p;
  p.epilogue = Epilogue::descend;
  p.w = descent.model->weight(descent.layer).data;
  p.rate = descent.rate;
  return p;
}

}  // namespace

void affine(const Runtime& rt, ConstMatrixView x, ConstMatrixView W, ConstMatrixView b, Epilogue epilogue,
            MatrixView out) {
  multiply(rt, with_epilogue(with_a(product(x.rows, W.rows, W, out), x, false), epilogue, b.data));
}

void weight_gradient(const Runtime& rt, ConstMatrixView x, ConstMatrixView dz, MatrixView dW, const Descent& descent) {
  multiply(rt, with_descent(with_a(product(x.cols, x.rows, dz, dW), x, true), descent));
}

void input_gradient(const Runtime& rt, ConstMatrixView dz, ConstMatrixView W, Epilogue epilogue, ConstMatrixView gate,
                    MatrixView dx) {
  Product p = with_a(product(dz.rows, W.cols, W, dx), dz, false);
  p.N = W.rows;
  p.b_transposed = true;
  p.epilogue = epilogue;
  p.gate = gate.data;
  p.gate_stride = gate.stride;
  multiply(rt, p);
}

}  // namespace inkling
