// Classes by their names: what order they have, which number each has, and how two sets come to agree on them.
//
// A class's name is what it is; its number is its place in the list, which is in natural order (natural_less).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/data/dataset.h"

namespace inkling {

// Classes named "0", "1", ... up to the highest label, at least the ten digits. Where the labels begin at 1 and go
// beyond the digits (EMNIST's letters), class "1" is the first, and the labels are lowered by one.
std::vector<std::string> number_classes(std::vector<std::uint8_t>& labels);
// The same of two parts together. `second` may be empty.
std::vector<std::string> number_classes(std::vector<std::uint8_t>& first, std::vector<std::uint8_t>& second);

// Gives both parts the classes of either. Throws Error limit: more than kMaxClasses.
void unite_classes(Dataset& a, Dataset& b, std::string_view where);

// Gives the set these classes, those of the model that is to read it: labels become the numbers that its names have
// there. Where none of the names is among them and either side has numbers for names, numbers stay what they are.
// Throws Error shape: an image of a class that is not among them.
void adopt_classes(Dataset& data, std::span<const std::string> names, std::string_view where);

// Throws Error format: a name that is empty, too long, or no printable UTF-8.
void check_class_name(std::string_view name, std::string_view where);

}  // namespace inkling
