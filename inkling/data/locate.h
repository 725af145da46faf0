// Where the data is: named by the user, found in the usual places, fetched, or bundled.
//
// A place that the user names (--data, $INKLING_DATA) is used or is an error, and never passed over in silence. The
// usual places are passed over when they hold nothing whole, with a remark when they hold something. Other sets use
// MNIST's file names, so a folder that all users share counts only when its labels are MNIST's.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/data/dataset.h"
#include "inkling/data/download.h"
#include "inkling/data/source.h"
#include "inkling/data/test_part.h"

namespace inkling {

// What the places are relative to. A path that the environment does not give stays empty, and is not searched.
struct SearchRoots {
  std::string chosen{};                                  // $INKLING_DATA
  std::filesystem::path working = ".";                   // has data/
  std::filesystem::path cache{};                         // $XDG_CACHE_HOME/inkling/mnist or ~/.cache/inkling/mnist
  std::filesystem::path shared = "/usr/share/datasets";  // has a folder a set
  std::filesystem::path keras{};                         // ~/.keras/datasets/mnist.npz
};
SearchRoots search_roots();

struct Place {
  std::filesystem::path path;
  bool chosen = false;      // by $INKLING_DATA: an error where it cannot be used
  bool only_mnist = false;  // shared with other sets of the same file names
};

// Every place in which MNIST is looked for, in order.
std::vector<Place> search_places(const SearchRoots& roots);

enum class Found { nothing, incomplete, broken, another_set, complete };

struct Finding {
  Found found = Found::nothing;
  std::string detail;  // for people: "missing: t10k-labels-idx1-ubyte"
  DataSplit data;      // where complete
};

// Looks into a place and loads what is there. Throws nothing of its own: a broken place is a finding.
Finding examine(const Place& place);

struct LoadOptions {
  SearchRoots roots = search_roots();
  ReadOptions read{};      // of a folder or file; its note is set from the one below
  TestPartOptions test{};  // where it has no test part
  bool allow_download = true;
  bool allow_sample = true;  // in place of an MNIST that cannot be had
  // Remarks for people: a place passed over, a download, why the sample is used.
  std::function<void(const std::string&)> note{};
  DownloadOptions download{};  // its note is set from the one above
};

// `source` is "mnist" (searched for, then downloaded, then replaced by the bundled sample), "fashion", "sample", or a
// folder or file of any form that source_kind knows. Throws Error: io, format, shape, limit (the data), config (an
// unknown source).
DataSplit load_data(std::string_view source, const LoadOptions& options = {});

}  // namespace inkling
