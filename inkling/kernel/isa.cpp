#include "inkling/kernel/isa.h"

#include <fmt/ranges.h>

#include "inkling/core/error.h"
#include "inkling/kernel/bf16.h"

namespace inkling {
namespace {

// Asked of the compiler's own library. Highway's (libhwy) would measure the timer at every start of the program, for 6
// ms.
bool has(Isa isa) {
#if defined(__x86_64__)
  // What Highway compiles these targets for; what it also assumes (BMI, F16C, AES) no processor with AVX2 lacks.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2");
  if (isa == Isa::avx2) return avx2;
  if (isa == Isa::avx512)
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
#elif defined(__aarch64__)
  if (isa == Isa::neon) return true;  // part of the architecture
#endif
  return isa == Isa::portable;
}

}  // namespace

bool has_avx512_of_2019() {
#if defined(__x86_64__)
  return has(Isa::avx512) && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bitalg") &&
         __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("vpclmulqdq") &&
         __builtin_cpu_supports("gfni");
#else
  return false;
#endif
}

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::portable: return "portable";
    case Isa::neon: return "neon";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
    case Isa::amx: return "amx";
  }
  return "unknown";
}

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::portable, Isa::neon, Isa::avx2, Isa::avx512})
    if (has(isa)) isas.push_back(isa);
  if (has(Isa::avx512) && TileUnit::available()) isas.push_back(Isa::amx);
  return isas;
}

Isa isa_from_name(std::string_view text) {
  std::vector<std::string_view> names;
  for (const Isa isa : available_isas()) {
    if (name(isa) == text) return isa;
    names.push_back(name(isa));
  }
  fail(ErrorKind::config, "instruction set '{}' is not one of this machine's: {}", text, fmt::join(names, ", "));
}

}  // namespace inkling
