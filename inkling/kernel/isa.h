// The instruction sets that kernels are built for, and which of them this machine has.
#pragma once

#include <string_view>
#include <vector>

namespace inkling {

enum class Isa {  // what comes later has all that the same processor's earlier ones have
  portable,       // plain C++ on any processor; fused multiply-adds are computed exactly in software
  neon,           // 64-bit Arm
  avx2,           // x86-64 with AVX2 and FMA (2013 on)
  avx512,         // x86-64 with AVX-512 F, BW, CD, DQ, VL (2017 on)
  amx,            // the same, and bf16 products on tiles (2023 on)
};

std::string_view name(Isa isa);

// Whether an avx512 machine has what Highway calls AVX3_DL, VBMI2 among it: some kernels are then faster.
bool has_avx512_of_2019();

// Throws Error config: names the instruction sets of this machine.
Isa isa_from_name(std::string_view text);

// What this machine can run, slowest first; portable is always there.
std::vector<Isa> available_isas();

}  // namespace inkling
