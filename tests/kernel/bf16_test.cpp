// bf16 products and their operands, for every instruction set, tiles included, against scalars: byte for byte, with
// subnormal numbers, infinities and NaN.
#include "inkling/kernel/bf16.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "inkling/core/aligned.h"
#include "inkling/core/matrix.h"
#include "inkling/core/rng.h"
#include "inkling/kernel/kernels.h"
#include "inkling/kernel/reference.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::uint32_t kGuardWord = 0xDEADBEEF;

float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }

// What numbers a matrix has: as in training; products and sums around the least normal number; every kind of float.
enum class Kind { ordinary, tiny, any };

Matrix random_matrix(std::size_t rows, std::size_t cols, Kind kind, std::uint64_t stream) {
  const Rng rng(5, stream);
  Matrix m(rows, cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) {
      const std::uint64_t at = 4 * (r * cols + c);
      const auto mantissa_and_sign = static_cast<std::uint32_t>(rng.below(1u << 24, at));
      const std::uint32_t sign = mantissa_and_sign << 8 & 0x80000000, mantissa = mantissa_and_sign & 0x7FFFFF;
      // 2^-63 squared is the least normal number.
      const auto exponent =
          static_cast<std::uint32_t>(kind == Kind::tiny ? 60 + rng.below(9, at + 1) : rng.below(256, at + 1));
      m(r, c) =
          kind == Kind::ordinary ? static_cast<float>(rng.normal(at)) : float_of(sign | exponent << 23 | mantissa);
      if (kind == Kind::any && rng.uniform(at + 2) < 0.9) m(r, c) = static_cast<float>(rng.normal(at + 3));
      if (kind == Kind::tiny && rng.uniform(at + 2) < 0.1) m(r, c) = float_of(sign | mantissa);
    }
  return m;
}

// An operand between guards.
class Words {
 public:
  explicit Words(std::size_t count) : all_(count + 32) { std::fill_n(all_.data(), all_.size(), kGuardWord); }
  std::uint32_t* data() { return all_.data() + 16; }
  bool sound() {
    return std::all_of(all_.data(), data(), [](std::uint32_t w) { return w == kGuardWord; }) &&
           std::all_of(all_.data() + all_.size() - 16, all_.data() + all_.size(),
                       [](std::uint32_t w) { return w == kGuardWord; });
  }

 private:
  AlignedBuffer<std::uint32_t> all_;
};

// S (R, C) as all four operands.
struct Operands {
  explicit Operands(std::size_t R, std::size_t C)
      : shape{.rows = bf16_blocks(R), .cols = bf16_blocks(C)},
        left(shape.words()),
        right(shape.words()),
        left_t(shape.words()),
        right_t(shape.words()) {}
  Bf16Packed all() {
    Bf16Packed out = shape;
    out.left = left.data(), out.right = right.data(), out.left_t = left_t.data(), out.right_t = right_t.data();
    return out;
  }
  bool sound() { return left.sound() && right.sound() && left_t.sound() && right_t.sound(); }

  Bf16Packed shape;
  Words left, right, left_t, right_t;
};

// Number (i, k) of a left operand, (k, j) of a right one, with `steps` blocks along k.
std::uint16_t left_at(const std::uint32_t* words, std::size_t steps, std::size_t i, std::size_t k) {
  const std::uint32_t word = words[(i / 16 * steps + k / 32) * kBf16TileWords + i % 16 * 16 + k % 32 / 2];
  return static_cast<std::uint16_t>(word >> 16 * (k % 2));
}
std::uint16_t right_at(const std::uint32_t* words, std::size_t steps, std::size_t k, std::size_t j) {
  const std::uint32_t word = words[(j / 16 * steps + k / 32) * kBf16TileWords + k % 32 / 2 * 16 + j % 16];
  return static_cast<std::uint16_t>(word >> 16 * (k % 2));
}

// Every number of all four operands, padding included.
void expect_operands_of(ConstMatrixView S, Operands& o) {
  const Bf16Packed p = o.all();
  for (std::size_t r = 0; r < 32 * p.rows; ++r)
    for (std::size_t c = 0; c < 32 * p.cols; ++c) {
      const std::uint16_t expected = r < S.rows && c < S.cols ? to_bf16(S(r, c)) : std::uint16_t{0};
      ASSERT_EQ(left_at(p.left, p.cols, r, c), expected) << r << ' ' << c;
      ASSERT_EQ(right_at(p.right, p.rows, r, c), expected) << r << ' ' << c;
      ASSERT_EQ(left_at(p.left_t, p.rows, c, r), expected) << r << ' ' << c;
      ASSERT_EQ(right_at(p.right_t, p.cols, c, r), expected) << r << ' ' << c;
    }
  EXPECT_TRUE(o.sound());
}

// S as operands by definition, subnormal numbers left as they are when `raw`.
void pack_by_hand(ConstMatrixView S, Operands& o, bool raw) {
  const Bf16Packed p = o.all();
  const auto number = [&](std::size_t r, std::size_t c) -> std::uint32_t {
    if (r >= S.rows || c >= S.cols) return 0;
    return raw ? std::bit_cast<std::uint32_t>(S(r, c)) >> 16 : to_bf16(S(r, c));
  };
  for (std::size_t r = 0; r < 32 * p.rows; ++r)
    for (std::size_t c = 0; c < 32 * p.cols; ++c) {
      const auto put = [](std::uint32_t& word, std::size_t k, std::uint32_t x) {
        word = k % 2 == 0 ? x : (word & 0xFFFF) | x << 16;
      };
      put(p.left[(r / 16 * p.cols + c / 32) * kBf16TileWords + r % 16 * 16 + c % 32 / 2], c, number(r, c));
      put(p.right[(c / 16 * p.rows + r / 32) * kBf16TileWords + r % 32 / 2 * 16 + c % 16], r, number(r, c));
    }
}

// Byte for byte, but that a NaN is a NaN.
void expect_same(ConstMatrixView actual, ConstMatrixView expected) {
  for (std::size_t r = 0; r < actual.rows; ++r)
    for (std::size_t c = 0; c < actual.cols; ++c) {
      if (std::isnan(actual(r, c)) && std::isnan(expected(r, c))) continue;
      ASSERT_EQ(std::bit_cast<std::uint32_t>(actual(r, c)), std::bit_cast<std::uint32_t>(expected(r, c)))
          << r << ' ' << c << ": " << actual(r, c) << " for " << expected(r, c);
    }
}

std::string isa_name(const testing::TestParamInfo<Isa>& info) { return std::string(name(info.param)); }

class Bf16Test : public testing::TestWithParam<Isa> {
 protected:
  const Bf16Kernels& kernels() const { return kernels_for(GetParam()).bf16; }
};
INSTANTIATE_TEST_SUITE_P(Isa, Bf16Test, testing::ValuesIn(available_isas()), isa_name);

TEST(Bf16, RoundsToNearestEven) {
  const std::pair<std::uint32_t, std::uint16_t> cases[] = {
      {0x3F800000, 0x3F80}, {0x3F807FFF, 0x3F80}, {0x3F808000, 0x3F80}, {0x3F808001, 0x3F81}, {0x3F818000, 0x3F82},
      {0xBF818000, 0xBF82}, {0x7F7FFFFF, 0x7F80}, {0x7F7F7FFF, 0x7F7F}, {0x7F800000, 0x7F80}, {0xFF800000, 0xFF80},
      {0x00000000, 0x0000}, {0x80000000, 0x8000}, {0x007FFFFF, 0x0000}, {0x807FFFFF, 0x8000}, {0x00800000, 0x0080},
      {0x7F800001, 0x7FC0}, {0xFFFFFFFF, 0xFFFF}, {0x7FC12345, 0x7FC1}};
  for (const auto& [bits, expected] : cases) EXPECT_EQ(to_bf16(float_of(bits)), expected) << std::hex << bits;
}

TEST_P(Bf16Test, PacksEveryOperandOfAMatrix) {
  for (const std::size_t R : {1u, 15u, 16u, 17u, 31u, 32u, 33u, 70u})
    for (const std::size_t C : {1u, 15u, 16u, 17u, 31u, 33u, 64u, 100u}) {
      const Matrix S = random_matrix(R, C, Kind::any, R * 1000 + C);
      Operands o(R, C);
      for (std::size_t r = 0; r < bf16_blocks(R); ++r) kernels().pack(S, o.all(), r, r + 1);
      expect_operands_of(S, o);
      if (HasFatalFailure()) FAIL() << R << " x " << C;
    }
}

TEST_P(Bf16Test, PacksOnlyWhatIsWanted) {
  const Matrix S = random_matrix(40, 50, Kind::ordinary, 1);
  Operands all(40, 50);
  kernels().pack(S, all.all(), 0, 2);
  for (std::uint32_t* Bf16Packed::*wanted :
       {&Bf16Packed::left, &Bf16Packed::right, &Bf16Packed::left_t, &Bf16Packed::right_t}) {
    Operands one(40, 50);
    Bf16Packed out = one.shape;
    out.*wanted = one.all().*wanted;
    kernels().pack(S, out, 0, 2);
    EXPECT_EQ(std::memcmp(out.*wanted, all.all().*wanted, out.words() * sizeof(std::uint32_t)), 0);
    EXPECT_TRUE(one.sound());
  }
}

struct Shape {
  std::size_t M, N, K;
};
// Around the tile (16), the block (32) and two of them; one of anything; the real ones.
const Shape kShapes[] = {{1, 1, 1},      {15, 17, 16},   {16, 15, 33},  {17, 31, 31}, {31, 16, 500},
                         {33, 33, 32},   {32, 32, 64},   {64, 65, 100}, {65, 64, 15}, {100, 10, 96},
                         {128, 10, 128}, {40, 130, 784}, {1, 500, 17},  {500, 1, 33}, {3, 2, 2000}};

TEST_P(Bf16Test, ProductGivesTheReferencesBytes) {
  for (const Kind kind : {Kind::ordinary, Kind::tiny, Kind::any})
    for (const auto [M, N, K] : kShapes)
      for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias, Epilogue::bias_relu, Epilogue::relu_gradient,
                                      Epilogue::multiply, Epilogue::descend}) {
        if (M * N * K > 200'000 && (epilogue != Epilogue::bias_relu || kind != Kind::ordinary)) continue;
        Operands a(M, K), b(K, N), out(M, N);
        pack_by_hand(random_matrix(M, K, kind, 1), a, true);
        pack_by_hand(random_matrix(K, N, kind, 2), b, true);
        const Matrix bias = random_matrix(1, N, Kind::ordinary, 3), gate = random_matrix(M, N, Kind::ordinary, 4);
        const Matrix before = random_matrix(M, N, Kind::ordinary, 6);
        GuardedMatrix actual(before), expected(before);
        Bf16Product p{.M = M,
                      .N = N,
                      .K = K,
                      .a = a.left.data(),
                      .b = b.right.data(),
                      .c = actual.view().data,
                      .c_stride = actual.view().stride,
                      .epilogue = epilogue,
                      .bias = bias.data(),
                      .gate = gate.data(),
                      .gate_stride = gate.stride(),
                      .rate = 0.3f,
                      .out = out.all()};
        kernels().product(p, 0, bf16_blocks(M), 0, bf16_blocks(N));
        p.c = expected.view().data;
        reference::bf16_product(p);
        expect_same(actual, expected);
        actual.expect_sound();
        if (kind == Kind::ordinary) expect_operands_of(actual, out);
        if (HasFatalFailure())
          FAIL() << "M " << M << " N " << N << " K " << K << " epilogue " << static_cast<int>(epilogue) << " kind "
                 << static_cast<int>(kind);
      }
}

TEST_P(Bf16Test, BlocksOfAProductAreTheWhole) {
  const std::size_t M = 100, N = 200, K = 300;
  Operands a(M, K), b(K, N), whole_out(M, N), blocks_out(M, N);
  pack_by_hand(random_matrix(M, K, Kind::ordinary, 1), a, false);
  pack_by_hand(random_matrix(K, N, Kind::ordinary, 2), b, false);
  GuardedMatrix whole(M, N), blocks(M, N);
  Bf16Product p{.M = M,
                .N = N,
                .K = K,
                .a = a.left.data(),
                .b = b.right.data(),
                .c = whole.view().data,
                .c_stride = whole.view().stride,
                .epilogue = Epilogue::none,
                .out = whole_out.all()};
  kernels().product(p, 0, 4, 0, 7);
  p.c = blocks.view().data;
  p.out = blocks_out.all();
  for (std::size_t n = 0; n < 7; n += 3)
    for (std::size_t m = 0; m < 4; ++m) kernels().product(p, m, m + 1, n, std::min<std::size_t>(n + 3, 7));
  EXPECT_TRUE(same_bytes(blocks, whole));
  blocks.expect_sound();
  expect_operands_of(whole, blocks_out);
}

// The least normal number and what is added to it: rounded up to it from below, or not quite; nothing, for subnormals.
TEST_P(Bf16Test, ATinyResultIsTinyAfterItsRounding) {
  const std::pair<float, float> parts[] = {{-0x1p-76f, 0x1p-76f},   {-0x1.8p-75f, 0x1p-76f},  {-0x1p-75f, 0x1p-76f},
                                           {-0x1p-80f, 0x1p-100f},  {-0x1.02p-76f, 0x1p-75f}, {0x1p-90f, 0x1p-90f},
                                           {-0x1.1p-70f, 0x1p-75f}, {-0x1p-63f, 0x1p-63f},    {0x1p-130f, 0x1p100f},
                                           {0x1p100f, -0x1p-130f}};
  const float expected[] = {0x1p-126f, 0, 0x1p-126f, 0x1p-126f, 0, 0x1p-126f, 0, 0, 0x1p-126f, 0x1p-126f};
  for (std::size_t k = 0; k < std::size(parts); ++k) {
    Matrix x(1, 3), y(3, 1);
    x(0, 0) = 0x1p-60f, y(0, 0) = 0x1p-66f;
    x(0, 2) = parts[k].first, y(2, 0) = parts[k].second;
    Operands a(1, 3), b(3, 1);
    pack_by_hand(x, a, true);
    pack_by_hand(y, b, true);
    Matrix c(1, 1), by_reference(1, 1);
    Bf16Product p{.M = 1, .N = 1, .K = 3, .a = a.left.data(), .b = b.right.data(), .c = c.data(), .c_stride = 16};
    p.epilogue = Epilogue::none;
    kernels().product(p, 0, 1, 0, 1);
    EXPECT_EQ(c(0, 0), expected[k]) << k;
    p.c = by_reference.data();
    reference::bf16_product(p);
    EXPECT_EQ(by_reference(0, 0), expected[k]) << k;
  }
}

TEST_P(Bf16Test, InfinitiesAndNaNGoWhereTheyShould) {
  for (const float odd_one : {kInfinity, -kInfinity, NAN}) {
    Matrix x(40, 40), y(40, 40);
    for (std::size_t r = 0; r < 40; ++r)
      for (std::size_t c = 0; c < 40; ++c) x(r, c) = 1, y(r, c) = c == 5 ? 0.0f : 1.0f;
    x(33, 7) = odd_one;
    Operands a(40, 40), b(40, 40);
    kernels().pack(x, a.all(), 0, 2);
    kernels().pack(y, b.all(), 0, 2);
    GuardedMatrix c(40, 40);
    const Bf16Product p{.M = 40,
                        .N = 40,
                        .K = 40,
                        .a = a.left.data(),
                        .b = b.right.data(),
                        .c = c.view().data,
                        .c_stride = c.view().stride,
                        .epilogue = Epilogue::none};
    kernels().product(p, 0, 2, 0, 2);
    for (std::size_t r = 0; r < 40; ++r)
      for (std::size_t j = 0; j < 40; ++j) {
        if (r != 33) {
          EXPECT_EQ(c(r, j), j == 5 ? 0.0f : 40.0f);
        } else if (j == 5 || std::isnan(odd_one)) {
          EXPECT_TRUE(std::isnan(c(r, j))) << "infinity times 0";
        } else {
          EXPECT_EQ(c(r, j), odd_one);
        }
      }
    c.expect_sound();
  }
}

}  // namespace
}  // namespace inkling
