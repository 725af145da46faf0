#include "inkling/kernel/kernels.h"

#include <fmt/ranges.h>
#include <hwy/targets.h>

#include <array>

#include "inkling/core/error.h"

namespace inkling {

// Each kernel file fills in its part of a table.
void add_product(Isa isa, Kernels& table);
void add_sparse_input(Isa isa, Kernels& table);
void add_rowwise(Isa isa, Kernels& table);
void add_activation(Isa isa, Kernels& table);
void add_normalize(Isa isa, Kernels& table);
void add_update(Isa isa, Kernels& table);

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::portable: return "portable";
    case Isa::neon: return "neon";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
  }
  return "unknown";
}

std::vector<Isa> available_isas() {
  std::vector<Isa> isas = {Isa::portable};
  const auto targets = hwy::SupportedTargets();
  if (targets & HWY_NEON) isas.push_back(Isa::neon);
  if (targets & HWY_AVX2) isas.push_back(Isa::avx2);
  if (targets & HWY_AVX3) isas.push_back(Isa::avx512);
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

const Kernels& kernels_for(Isa isa) {
  static const std::array<Kernels, 4> tables = [] {
    std::array<Kernels, 4> made;
    for (const Isa each : {Isa::portable, Isa::neon, Isa::avx2, Isa::avx512}) {
      Kernels& table = made[static_cast<std::size_t>(each)];
      table.isa = each;
      add_product(each, table);
      add_sparse_input(each, table);
      add_rowwise(each, table);
      add_activation(each, table);
      add_normalize(each, table);
      add_update(each, table);
    }
    return made;
  }();
  return tables[static_cast<std::size_t>(isa)];
}

}  // namespace inkling
