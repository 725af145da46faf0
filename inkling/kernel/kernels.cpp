#include "inkling/kernel/kernels.h"

#include <array>

namespace inkling {

// Each kernel file fills in its part of a table.
void add_product(Isa isa, Kernels& table);
void add_pixel_product(Isa isa, Kernels& table);
void add_pixel_tiles(Kernels& table);
void add_one_image(Isa isa, Kernels& table);
void add_rowwise(Isa isa, Kernels& table);
void add_activation(Isa isa, Kernels& table);
void add_normalize(Isa isa, Kernels& table);
void add_update(Isa isa, Kernels& table);
void add_dropout(Isa isa, Kernels& table);
void add_bf16(Isa isa, bool by_tiles, Bf16Kernels& table);

const Kernels& kernels_for(Isa isa) {
  static const std::array<Kernels, 5> tables = [] {
    std::array<Kernels, 5> made;
    for (const Isa each : {Isa::portable, Isa::neon, Isa::avx2, Isa::avx512, Isa::amx}) {
      Kernels& table = made[static_cast<std::size_t>(each)];
      table.isa = each;
      add_product(each, table);
      add_pixel_product(each, table);
      if (each == Isa::amx) add_pixel_tiles(table);
      add_one_image(each, table);
      add_rowwise(each, table);
      add_activation(each, table);
      add_normalize(each, table);
      add_update(each, table);
      add_dropout(each, table);
      add_bf16(each, each == Isa::amx, table.bf16);
    }
    return made;
  }();
  return tables[static_cast<std::size_t>(isa)];
}

}  // namespace inkling
