#include "inkling/kernel/reference.h"

#include <cmath>
#include <vector>

namespace inkling::reference {

void product(const Product& p) {
  for (std::size_t m = 0; m < p.M; ++m)
    for (std::size_t n = 0; n < p.N; ++n) {
      float sum = 0;
      for (std::size_t k = 0; k < p.K; ++k) {
        const std::size_t at = m * p.a_row + k * p.a_column;
        const float a = p.a_pixels ? p.pixel_values[p.a_pixels[at]] : p.a[at];
        const float b = p.b_transposed ? p.b[n * p.b_stride + k] : p.b[k * p.b_stride + n];
        sum = std::fma(a, b, sum);
      }
      switch (p.epilogue) {
        case Epilogue::none: break;
        case Epilogue::bias: sum += p.bias[n]; break;
        case Epilogue::bias_relu:
          sum += p.bias[n];
          if (sum < 0) sum = 0;
          break;
        case Epilogue::relu_gradient:
          if (!(p.gate[m * p.gate_stride + n] > 0)) sum = 0;
          break;
        case Epilogue::multiply: sum *= p.gate[m * p.gate_stride + n]; break;
        case Epilogue::descend:
          p.w[m * p.c_stride + n] = std::fma(-p.rate, sum, p.w[m * p.c_stride + n]);
          continue;
      }
      p.c[m * p.c_stride + n] = sum;
    }
}

void softmax_loss(const SoftmaxLoss& p) {
  for (std::size_t b = 0; b < p.logits.rows; ++b) {
    const std::span<const float> z = p.logits.row(b);
    std::size_t top = 0;
    for (std::size_t c = 1; c < z.size(); ++c)
      if (z[c] > z[top]) top = c;
    std::vector<double> e;
    double sum = 0;
    for (const float value : z)
      sum += e.emplace_back(std::exp(static_cast<double>(value) - static_cast<double>(z[top])));
    for (std::size_t c = 0; c < z.size(); ++c)
      p.dz(b, c) = static_cast<float>(static_cast<double>(p.scale) * (e[c] / sum - (c == p.labels[b] ? 1 : 0)));
    p.loss[b] = std::log(sum) - (static_cast<double>(z[p.labels[b]]) - static_cast<double>(z[top]));
    p.correct[b] = top == p.labels[b];
  }
}

}  // namespace inkling::reference
