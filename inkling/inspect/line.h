// The loss on the straight line between two networks (Goodfellow, Vinyals, Saxe 2015, "Qualitatively characterizing
// neural network optimization problems", section 3).
#pragma once

#include <span>
#include <vector>

#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/train/metrics.h"

namespace inkling {

// w = (1 - position) from + position to, of every weight and bias: 0 is the first network, 1 the second.
Mlp between(const Mlp& from, const Mlp& to, double position);

// What the networks at the positions get right on the data. Throws Error shape: networks of other widths, activations
// or outputs, or that see pixels differently; data that do not fit. Throws Error config: batch normalisation, whose
// networks do not lie on a line (fold() them).
std::vector<Metrics> along_line(const Runtime& rt, const Mlp& from, const Mlp& to, std::span<const double> positions,
                                const Dataset& data);

}  // namespace inkling
