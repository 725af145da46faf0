// Dropout's masks, drawn and applied row by row: drop_units(), drop_inputs() and drop_pixels() of kernels.h.
//
// Philox (core/rng.h) of several counters at once, one a lane of 64 bits. The cipher's words are the lower halves of
// their lanes; the upper halves hold whatever is cheapest, for the multiplication does not look at them. The bits go to
// the stack first, in the order of the units, and are compared from there by vectors as wide as what they mask.
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/dropout.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "inkling/core/rng.h"
#include "inkling/kernel/kernels.h"
#include "inkling/kernel/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

using Words = hn::ScalableTag<std::uint64_t>;
using Word = hn::Vec<Words>;
inline constexpr std::size_t kBlocks = HWY_LANES(std::uint64_t);
inline constexpr std::size_t kDrawn = kBlocks * kMaskUnits;  // units that one draw() serves

// The bits of kDrawn units, four a word.
struct Draw {
  HWY_ALIGN std::uint64_t words[kDrawn / 4];

  const std::uint16_t* vector_at(std::size_t unit) const {  // for LoadU, which may read words so
    return reinterpret_cast<const std::uint16_t*>(words) + unit;
  }
  std::uint64_t of(std::size_t unit) const { return (words[unit / 4] >> (16 * (unit % 4))) & 0xFFFF; }
};

HWY_INLINE Word multiply_lower_halves(Word a, Word b) {
#if HWY_TARGET == HWY_SCALAR
  const Word lower = hn::Set(Words(), 0xFFFFFFFF);
  return hn::Mul(hn::And(a, lower), hn::And(b, lower));
#else
  const hn::RepartitionToNarrow<Words> halves;
  return hn::MulEven(hn::BitCast(halves, a), hn::BitCast(halves, b));
#endif
}

// The blocks of one mask; every round's key stands ready in all lanes.
class Blocks {
 public:
  explicit Blocks(const Mask& mask) : mask_(mask) {
    auto key0 = static_cast<std::uint32_t>(mask.seed), key1 = static_cast<std::uint32_t>(mask.seed >> 32);
    for (int round = 0; round < philox::kRounds; ++round) {
      keys_[round][0] = hn::Set(Words(), key0);
      keys_[round][1] = hn::Set(Words(), key1);
      key0 += philox::kKeySteps[0];
      key1 += philox::kKeySteps[1];
    }
  }

  // philox4x32() of the counters first, first + 1, ...
  HWY_INLINE void draw(std::uint64_t first, Draw& out) const {
    const Words d;
    const Word m0 = hn::Set(d, philox::kMultipliers[0]), m1 = hn::Set(d, philox::kMultipliers[1]);
    Word c0 = hn::Add(hn::Set(d, first), hn::Iota(d, 0)), c1 = hn::ShiftRight<32>(c0);
    Word c2 = hn::Set(d, mask_.stream), c3 = hn::Set(d, mask_.stream >> 32);
    for (const auto& key : keys_) {
      const Word p0 = multiply_lower_halves(c0, m0), p1 = multiply_lower_halves(c2, m1);
      c0 = hn::Xor(hn::ShiftRight<32>(p1), hn::Xor(c1, key[0]));
      c1 = p1;
      c2 = hn::Xor(hn::ShiftRight<32>(p0), hn::Xor(c3, key[1]));
      c3 = p0;
    }
    const Word lower = hn::Set(d, 0xFFFFFFFF);
    hn::StoreInterleaved2(hn::Or(hn::And(c0, lower), hn::ShiftLeft<32>(c1)),
                          hn::Or(hn::And(c2, lower), hn::ShiftLeft<32>(c3)), d, out.words);
  }

 private:
  Mask mask_;
  Word keys_[philox::kRounds][2];
};

// f(i, draw, u) for units i, i + step, ... below n; unit i is unit u of the draw.
template <std::size_t kStep, class F>
HWY_INLINE void for_draws(const Mask& mask, std::size_t n, const F& f) {
  static_assert(kDrawn % kStep == 0);
  const Blocks blocks(mask);
  Draw drawn;
  for (std::size_t i = 0; i < n; i += kDrawn) {
    blocks.draw(mask.first + i / kMaskUnits, drawn);
    for (std::size_t u = 0; u < std::min(kDrawn, n - i); u += kStep) f(i + u, drawn, u);
  }
}

HWY_INLINE M is_dropped(const Mask& mask, const Draw& drawn, std::size_t u) {
  const D d;
  const hn::RebindToSigned<D> numbers;
  const auto bits = hn::PromoteTo(numbers, hn::LoadU(hn::Rebind<std::uint16_t, D>(), drawn.vector_at(u)));
  return hn::RebindMask(d, hn::Lt(bits, hn::Set(numbers, static_cast<std::int32_t>(mask.limit))));
}

void drop_units(const Mask& mask, float scale, float* row, float* slope, std::size_t n) noexcept {
  const D d;
  const std::size_t padded = (n + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
  for_draws<kLanes>(mask, padded, [&](std::size_t i, const Draw& drawn, std::size_t u) {
    const V factor = hn::IfThenZeroElse(is_dropped(mask, drawn, u), hn::Set(d, scale));
    hn::StoreU(hn::Mul(hn::LoadU(d, row + i), factor), d, row + i);
    if (slope != nullptr) hn::StoreU(hn::Mul(hn::LoadU(d, slope + i), factor), d, slope + i);
  });
}

void drop_inputs(const Mask& mask, float scale, float* row, std::size_t n) noexcept {
  const D d;
  const std::size_t padded = (n + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
  for_draws<kLanes>(mask, padded, [&](std::size_t i, const Draw& drawn, std::size_t u) {
    const V scaled = hn::Mul(hn::LoadU(d, row + i), hn::Set(d, scale));
    hn::StoreU(hn::IfThenZeroElse(is_dropped(mask, drawn, u), scaled), d, row + i);
  });
}

void drop_pixels(const Mask& mask, const std::uint8_t* pixels, std::uint8_t* out, std::size_t n) noexcept {
  const hn::CappedTag<std::uint16_t, kMaskUnits> d;
  constexpr std::size_t kStep = hn::MaxLanes(d);
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  const hn::RebindToSigned<decltype(d)> numbers;
  const auto limit = hn::Set(d, static_cast<std::uint16_t>(mask.limit));
  for_draws<kStep>(mask, n, [&](std::size_t i, const Draw& drawn, std::size_t u) {
    if (i + kStep > n) {  // pixels have no padding
      for (; i < n; ++i, ++u) out[i] = drawn.of(u) >= mask.limit ? pixels[i] : std::uint8_t{0};
      return;
    }
    const auto dropped = hn::Lt(hn::LoadU(d, drawn.vector_at(u)), limit);
    const auto left = hn::IfThenZeroElse(dropped, hn::PromoteTo(d, hn::LoadU(bytes, pixels + i)));
    hn::StoreU(hn::DemoteTo(bytes, hn::BitCast(numbers, left)), bytes, out + i);
  });
}

void describe_dropout(Kernels& table) noexcept {
  table.drop_units = &drop_units;
  table.drop_inputs = &drop_inputs;
  table.drop_pixels = &drop_pixels;
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_dropout(Isa isa, Kernels& table) { INKLING_CHOOSE(isa, describe_dropout)(table); }
}  // namespace inkling
#endif
