// The first layer's weights in a terminal: for each class the units that serve it, as far as a line holds them.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "app/terminal.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"

// A row of tiles for each class, those with the largest weights first, in at most `columns` columns; then what the
// colours or characters stand for. Without hidden layers the units are the classes. height x width: of the images that
// the network reads. Throws Error shape: they do not fit it.
std::string draw_weights(const inkling::Runtime& rt, const inkling::Mlp& model, std::size_t height, std::size_t width,
                         std::span<const std::string> classes, ColorLevel level, std::size_t columns);
