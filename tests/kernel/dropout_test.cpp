// Dropout's kernels, for every instruction set: each unit against reference::is_kept(), which draws its block alone.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "inkling/core/rng.h"
#include "inkling/kernel/reference.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

class DropoutTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Isa, DropoutTest, testing::ValuesIn(available_isas()),
                         [](const auto& instance) { return std::string(name(instance.param)); });

// One unit; around a block of Philox, a cache line of floats and what the widest vector draws; real layers.
constexpr std::size_t kWidths[] = {1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 130, 784, 1024};
// Shares of 2^16: 0, of 0.0001, 0.3, 0.5 (where a comparison of signed numbers would turn), and the largest.
constexpr std::uint32_t kLimits[] = {0, 7, 19661, 32768, 65535};
constexpr float kScale = 1.375f;

// Seeds and streams that use all their words; a counter that is carried into the upper word within a row.
std::vector<Mask> masks() {
  std::vector<Mask> all;
  for (const std::uint32_t limit : kLimits)
    all.insert(all.end(), {{.seed = 1, .stream = streams::kDropout, .first = 0, .limit = limit},
                           {.seed = 0xFEDCBA9876543210, .stream = 0x89ABCDEF01234567, .first = 5, .limit = limit},
                           {.seed = 3, .stream = 9, .first = (7ull << 32) - 3, .limit = limit}});
  return all;
}

GuardedMatrix numbers(std::size_t n, std::uint64_t stream) {
  const Rng rng(51, stream);
  GuardedMatrix row(1, n);
  for (std::size_t i = 0; i < n; ++i) row(0, i) = static_cast<float>(rng.normal(i));
  return row;
}

TEST_P(DropoutTest, UnitsAreMultipliedByScaleOrZero) {
  for (const Mask& mask : masks())
    for (const std::size_t n : kWidths) {
      GuardedMatrix row = numbers(n, 1), slope = numbers(n, 2), alone = row, want = row, want_slope = slope;
      for (std::size_t i = 0; i < n; ++i) {
        const float factor = reference::is_kept(mask, i) ? kScale : 0;
        want(0, i) *= factor;
        want_slope(0, i) *= factor;
      }
      kernels().drop_units(mask, kScale, row.view().data, slope.view().data, n);
      kernels().drop_units(mask, kScale, alone.view().data, nullptr, n);
      ASSERT_TRUE(same_bytes(row, want)) << n << " units, limit " << mask.limit;
      ASSERT_TRUE(same_bytes(slope, want_slope)) << n << " units, limit " << mask.limit;
      ASSERT_TRUE(same_bytes(alone, want)) << n << " units, limit " << mask.limit;
      for (GuardedMatrix* each : {&row, &slope, &alone}) each->expect_sound();
    }
}

TEST_P(DropoutTest, DroppedInputsAreZero) {
  for (const Mask& mask : masks())
    for (const std::size_t n : kWidths) {
      GuardedMatrix row = numbers(n, 1), want = row;
      for (std::size_t i = 0; i < n; ++i) want(0, i) = reference::is_kept(mask, i) ? want(0, i) * kScale : 0;
      kernels().drop_inputs(mask, kScale, row.view().data, n);
      ASSERT_TRUE(same_bytes(row, want)) << n << " inputs, limit " << mask.limit;
      row.expect_sound();
    }
}

TEST_P(DropoutTest, DroppedPixelsAreBackground) {
  constexpr std::size_t kMargin = 64;  // derived: the widest vector
  constexpr std::uint8_t kGuard = 0xA5;
  for (const Mask& mask : masks())
    for (const std::size_t n : kWidths) {
      // As many bytes as there are pixels: a sanitizer sees what is read behind them.
      std::vector<std::uint8_t> pixels(n), out(n + 2 * kMargin, kGuard), want = out;
      for (std::size_t i = 0; i < n; ++i) {
        pixels[i] = static_cast<std::uint8_t>(255 - i % 256);
        want[kMargin + i] = reference::is_kept(mask, i) ? pixels[i] : 0;
      }
      kernels().drop_pixels(mask, pixels.data(), out.data() + kMargin, n);
      ASSERT_EQ(out, want) << n << " pixels, limit " << mask.limit;
    }
}

TEST_P(DropoutTest, AUnitIsKeptWhereItsBitsAreTheLimit) {
  for (Mask mask : masks())
    for (std::size_t i = 0; i < 40; ++i) {
      const auto block = Rng(mask.seed, mask.stream).block(mask.first + i / 8);
      const std::uint32_t bits = (block[i % 8 / 2] >> (16 * (i % 2))) & 0xFFFF;
      for (const bool kept : {true, false}) {
        mask.limit = kept ? bits : bits + 1;
        GuardedMatrix units(1, 40), inputs(1, 40);
        std::vector<std::uint8_t> pixels(40, 9);
        units(0, i) = inputs(0, i) = 2;
        kernels().drop_units(mask, kScale, units.view().data, nullptr, 40);
        kernels().drop_inputs(mask, kScale, inputs.view().data, 40);
        kernels().drop_pixels(mask, pixels.data(), pixels.data(), 40);
        ASSERT_EQ(units(0, i), kept ? 2 * kScale : 0) << i << " has " << bits;
        ASSERT_EQ(inputs(0, i), kept ? 2 * kScale : 0) << i << " has " << bits;
        ASSERT_EQ(pixels[i], kept ? 9 : 0) << i << " has " << bits;
      }
    }
}

TEST_P(DropoutTest, ADroppedUnitHidesNoNaNButADroppedInputDoes) {
  const Mask all{.limit = 65535};
  GuardedMatrix units(1, 20), inputs(1, 20);
  for (std::size_t i = 0; i < 20; ++i) units(0, i) = inputs(0, i) = i % 2 == 0 ? NAN : INFINITY;
  kernels().drop_units(all, kScale, units.view().data, nullptr, 20);
  kernels().drop_inputs(all, kScale, inputs.view().data, 20);
  for (std::size_t i = 0; i < 20; ++i) {
    ASSERT_FALSE(reference::is_kept(all, i));
    EXPECT_TRUE(std::isnan(units(0, i)));
    EXPECT_EQ(inputs(0, i), 0);
  }
}

}  // namespace
}  // namespace inkling
