// A run's state as a file, and the folder that holds the newest of them.
//
// A checkpoint is a safetensors file: the vectors of the FitState as tensors, its numbers in the metadata, beside an
// identity: what must be the same for the state to make sense (options, data, version). Files appear whole or not at
// all, so a folder always holds a good one once it holds any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "inkling/core/file.h"
#include "inkling/train/fit_state.h"

namespace inkling {

// Name of a fact and what it is: {"learning_rate", "0.1"}.
using Identity = std::map<std::string, std::string>;

struct Checkpoint {
  Identity identity;
  FitState state;
};

Bytes to_bytes(const Checkpoint& checkpoint);
// `where` names the bytes' source in errors. Throws Error: format, shape, limit.
Checkpoint checkpoint_from_bytes(std::span<const std::uint8_t> bytes, std::string_view where);

// Writes folder/NUMBER.safetensors, NUMBER being the batches done, and removes all but the last two. Makes the folder.
// Throws Error io: it cannot be written; the older ones stay.
void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint);

// The newest checkpoint that can be read; `note` is told of one that cannot. Nothing where there is none. Throws Error
// config when it belongs to another identity, and names the difference.
std::optional<Checkpoint> load_checkpoint(const std::filesystem::path& folder, const Identity& expected,
                                          const std::function<void(const std::string&)>& note);

}  // namespace inkling
