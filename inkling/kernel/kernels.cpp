#include "inkling/kernel/kernels.h"

#include <array>

namespace inkling {

// Each kernel file fills in its part of a table.
void add_product(Isa isa, Kernels& table);
void add_sparse_input(Isa isa, Kernels& table);
void add_one_image(Isa isa, Kernels& table);
void add_rowwise(Isa isa, Kernels& table);
void add_activation(Isa isa, Kernels& table);
void add_normalize(Isa isa, Kernels& table);
void add_update(Isa isa, Kernels& table);

const Kernels& kernels_for(Isa isa) {
  static const std::array<Kernels, 4> tables = [] {
    std::array<Kernels, 4> made;
    for (const Isa each : {Isa::portable, Isa::neon, Isa::avx2, Isa::avx512}) {
      Kernels& table = made[static_cast<std::size_t>(each)];
      table.isa = each;
      add_product(each, table);
      add_sparse_input(each, table);
      add_one_image(each, table);
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
