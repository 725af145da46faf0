#include "inkling/model/one_image.h"

#include "inkling/model/layer.h"

namespace inkling {
namespace {

constexpr std::size_t kColumnsABlock = 128;  // guess: several vectors of every instruction set

}  // namespace

void affine_of_one(const Runtime& rt, ConstMatrixView x, ConstMatrixView W, ConstMatrixView b, Epilogue epilogue,
                   MatrixView out) {
  const Product p{.M = 1,
                  .N = W.cols,
                  .K = W.rows,
                  .a = x.data,
                  .a_row = x.stride,
                  .b = W.data,
                  .b_stride = W.stride,
                  .c = out.data,
                  .c_stride = out.stride,
                  .epilogue = epilogue,
                  .bias = b.data};
  in_blocks(rt, W.cols, kColumnsABlock, W.rows * W.cols,
            [&](std::size_t n0, std::size_t n1) noexcept { rt.kernels().row_product(p, n0, n1); });
}

}  // namespace inkling
