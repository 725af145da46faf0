// The fp32 multiply-adds that the machine can do: the ceiling that products are held against.
#pragma once

#include "inkling/kernel/runtime.h"

namespace inkling {

// Operations of one round of multiply-adds on every thread of rt, with the widest instruction set that the machine has:
// chains in registers that wait for nothing but their own last result. A multiply-add counts as two. Takes a few
// milliseconds; whoever divides what it returns by its time has FLOP/s.
double fma_round(const Runtime& rt);

}  // namespace inkling
