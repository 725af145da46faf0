// A folder of IDX files as a data set, whatever their prefix, with the names of its classes.
//
// Names come from a file beside them: classes.txt (a name a line, the first for label 0: what write_idx_set writes),
// EMNIST's PREFIXmapping.txt (label and code points) or KMNIST's PREFIXclassmap.csv (label, code point, character).
// Without one, labels are names. EMNIST's images lie on their side and are turned (TableForm::transpose).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/data/dataset.h"
#include "inkling/data/source.h"

namespace inkling {

// `path` is a folder that has one set, or FOLDER/PREFIX. A part of which neither images nor labels are there is left
// out. `meanwhile` is called with the test part, its labels as they stand in the file, while the training part is being
// read; not for images that are turned. Throws Error: io (a file is
// missing: says which), config (several sets, none named), and what reading the files throws.
SourceParts load_idx_set(const std::filesystem::path& path, const ReadOptions& options,
                         const std::function<void(const Dataset& test)>& meanwhile = {});

// One file of images and the labels beside it; empty labels where there are none.
ImageSet load_idx_file(const std::filesystem::path& path, const ReadOptions& options);

// Labels as the numbers that are their classes' names; where names are words, their places, with a classes.txt. The
// folder must exist; what is written is read back the same. Throws Error io.
void write_idx_set(const SourceParts& parts, const std::filesystem::path& folder, bool gzipped);

// Rows become columns, of every image.
void transpose_images(std::size_t& height, std::size_t& width, std::vector<std::uint8_t>& pixels);
// Whether images of a file or set of this name are to be turned.
bool is_to_transpose(Transpose choice, std::string_view name);

}  // namespace inkling
