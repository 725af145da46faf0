#include "inkling/kernel/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "inkling/core/rng.h"

namespace inkling::reference {
namespace {

constexpr float kLeast = std::numeric_limits<float>::min();  // normal

float zero_if_subnormal(float x) { return std::abs(x) < kLeast ? std::copysign(0.0f, x) : x; }

// a * b + c of normal numbers, where a result counts as zero that is below the least normal number when it is rounded
// as if exponents had no bound. Only what was rounded up to that number needs a second look: times 2^64, where nothing
// is tiny. a * b has 16 bits, and c is small where the sum is, so both stay exact.
float flushed_fma(float a, float b, float c) {
  const float sum = std::fma(a, b, c);
  if (std::abs(sum) != kLeast) return zero_if_subnormal(sum);
  const double ab = static_cast<double>(a) * static_cast<double>(b);
  const float scaled = static_cast<float>(ab * 0x1p64) + c * 0x1p64f;
  return std::abs(scaled) < kLeast * 0x1p64f ? std::copysign(0.0f, sum) : sum;
}

float finish(float sum, Epilogue epilogue, float bias, float gate) {
  switch (epilogue) {
    case Epilogue::none: break;
    case Epilogue::bias: return sum + bias;
    case Epilogue::bias_relu: return sum + bias < 0 ? 0 : sum + bias;
    case Epilogue::relu_gradient: return gate > 0 ? sum : 0;
    case Epilogue::multiply: return sum * gate;
    case Epilogue::descend: break;
  }
  return sum;
}

}  // namespace

void product(const Product& p) {
  for (std::size_t m = 0; m < p.M; ++m)
    for (std::size_t n = 0; n < p.N; ++n) {
      float sum = 0;
      for (std::size_t k = 0; k < p.K; ++k) {
        const float a = p.a[m * p.a_row + k * p.a_column];
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
        case Epilogue::descend: p.w[m * p.c_stride + n] = std::fma(-p.rate, sum, p.w[m * p.c_stride + n]); continue;
      }
      p.c[m * p.c_stride + n] = sum;
    }
}

void pixel_product(const PixelProduct& p, ConstMatrixView B) {
  for (std::size_t n = 0; n < p.b.N; ++n) {
    float largest = 0;
    bool finite = true;
    for (std::size_t k = 0; k < B.rows; ++k) {
      finite = finite && std::isfinite(B(k, n));
      largest = std::max(largest, std::abs(B(k, n)));
    }
    int exponent = 0;  // largest < 2^exponent, with room for rounding
    if (finite && std::frexp(largest, &exponent) >= 1 - 0x1p-7f) ++exponent;
    if (largest == 0 || exponent < -100) exponent = -100;
    const float unit = finite ? std::ldexp(1.0f, exponent - p.b.bits) : std::numeric_limits<float>::quiet_NaN();
    for (std::size_t m = 0; m < p.pixels.rows; ++m) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; finite && k < B.rows; ++k)
        sum += p.pixels(m, k) *
               static_cast<std::int64_t>(std::nearbyint(std::ldexp(static_cast<double>(B(k, n)), p.b.bits - exponent)));
      const std::int64_t high = (sum >= 0 ? sum : sum - 65535) / 65536;  // rounded down
      const float t = std::fma(static_cast<float>(high), 65536.0f, static_cast<float>(sum - high * 65536));
      const float c = t * (p.worth * unit);
      if (p.epilogue == Epilogue::descend)
        p.w[m * p.w_stride + n] = std::fma(-p.rate, c, p.w[m * p.w_stride + n]);
      else
        p.c[m * p.c_stride + n] = finish(c, p.epilogue, p.bias != nullptr ? p.bias[n] : 0, 0);
    }
  }
}

void bf16_product(const Bf16Product& p) {
  const std::size_t steps = bf16_blocks(p.K);
  for (std::size_t m = 0; m < p.M; ++m)
    for (std::size_t n = 0; n < p.N; ++n) {
      float sum = 0;
      for (std::size_t s = 0; s < steps; ++s) {
        const std::uint32_t* a = p.a + (m / 16 * steps + s) * kBf16TileWords + m % 16 * 16;  // a row: 16 words
        const std::uint32_t* b = p.b + (n / 16 * steps + s) * kBf16TileWords + n % 16;       // a column: 16 rows
        float even = 0, odd = 0;
        for (std::size_t k = 0; k < 16; ++k) {
          const auto number = [](std::uint32_t half) { return zero_if_subnormal(from_bf16(half)); };
          even = flushed_fma(number(a[k] & 0xFFFF), number(b[16 * k] & 0xFFFF), even);
          odd = flushed_fma(number(a[k] >> 16), number(b[16 * k] >> 16), odd);
        }
        sum = zero_if_subnormal(sum + zero_if_subnormal(even + odd));
      }
      float& c = p.c[m * p.c_stride + n];
      c = p.epilogue == Epilogue::descend ? std::fma(-p.rate, sum, c)
                                          : finish(sum, p.epilogue, p.bias != nullptr ? p.bias[n] : 0,
                                                   p.gate != nullptr ? p.gate[m * p.gate_stride + n] : 0);
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

bool is_kept(const Mask& mask, std::size_t unit) {
  const auto block = Rng(mask.seed, mask.stream).block(mask.first + unit / kMaskUnits);
  const std::size_t u = unit % kMaskUnits;
  return ((block[u / 2] >> (16 * (u % 2))) & 0xFFFF) >= mask.limit;
}

}  // namespace inkling::reference
