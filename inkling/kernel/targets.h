// Which of Highway's targets the kernels are built for. Included before <hwy/foreach_target.h> in each kernel file.
#pragma once

#if defined(__aarch64__)
#define HWY_COMPILE_ALL_ATTAINABLE  // or Highway would leave the portable one out, because every such processor has
                                    // NEON
#endif
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
// A file that has more to say to AVX-512 processors of 2019 on (AVX3_DL) defines HWY_WANT_AVX3_DL before this.

// The function that was compiled for isa, or the portable one; amx is avx512, but for its tiles.
#define INKLING_CHOOSE(isa, function)                                            \
  ((isa) >= Isa::avx512 && HWY_CHOOSE_AVX3(function) ? HWY_CHOOSE_AVX3(function) \
   : (isa) == Isa::avx2 && HWY_CHOOSE_AVX2(function) ? HWY_CHOOSE_AVX2(function) \
   : (isa) == Isa::neon && HWY_CHOOSE_NEON(function) ? HWY_CHOOSE_NEON(function) \
                                                     : HWY_CHOOSE_FALLBACK(function))
