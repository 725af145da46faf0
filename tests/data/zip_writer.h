// Small .npz files for tests, right or wrong in every detail that a test wants.
#pragma once

#include <libdeflate.h>

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "inkling/core/file.h"

namespace inkling {

// A .npy file: version 1, the dictionary padded as NumPy pads it.
inline Bytes npy(const std::string& dictionary, const Bytes& elements, unsigned version = 1) {
  const std::size_t preamble = version == 1 ? 10 : 12;
  std::string text = dictionary;
  text.append(63 - (preamble + text.size()) % 64, ' ');
  text += '\n';
  Bytes bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', static_cast<std::uint8_t>(version), 0};
  for (std::size_t i = 8; i < preamble; ++i) bytes.push_back(static_cast<std::uint8_t>(text.size() >> (8 * (i - 8))));
  bytes.insert(bytes.end(), text.begin(), text.end());
  bytes.insert(bytes.end(), elements.begin(), elements.end());
  return bytes;
}

inline std::string npy_dictionary(const std::string& type, const std::string& shape,
                                  const std::string& fortran = "False") {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}", type, fortran, shape);
}

struct ZipMember {
  std::string name;
  Bytes content;
  bool deflated = false;
  std::int64_t claimed_more = 0;  // added to the uncompressed size that the archive states
  bool wrong_checksum = false;
};

inline Bytes zip(const std::vector<ZipMember>& members) {
  Bytes out, directory;
  const auto put = [](Bytes& to, std::size_t count, std::uint64_t value) {
    for (std::size_t i = 0; i < count; ++i) to.push_back(static_cast<std::uint8_t>(i < 8 ? value >> (8 * i) : 0));
  };
  for (const ZipMember& member : members) {
    Bytes packed = member.content;
    if (member.deflated) {
      const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
          libdeflate_alloc_compressor(9), libdeflate_free_compressor);
      packed.resize(libdeflate_deflate_compress_bound(compressor.get(), member.content.size()));
      packed.resize(libdeflate_deflate_compress(compressor.get(), member.content.data(), member.content.size(),
                                                packed.data(), packed.size()));
    }
    Bytes facts;  // the same in the local header and the directory
    put(facts, 2, 20);
    put(facts, 2, 0);
    put(facts, 2, member.deflated ? 8 : 0);
    put(facts, 4, 0);
    put(facts, 4,
        libdeflate_crc32(0, member.content.data(), member.content.size()) ^ (member.wrong_checksum ? 1u : 0u));
    put(facts, 4, packed.size());
    put(facts, 4, member.content.size() + static_cast<std::uint64_t>(member.claimed_more));
    put(facts, 2, member.name.size());
    put(facts, 2, 0);

    put(directory, 4, 0x02014b50);
    put(directory, 2, 20);
    directory.insert(directory.end(), facts.begin(), facts.end());
    put(directory, 2 + 2 + 2 + 4, 0);
    put(directory, 4, out.size());
    directory.insert(directory.end(), member.name.begin(), member.name.end());

    put(out, 4, 0x04034b50);
    out.insert(out.end(), facts.begin(), facts.end());
    out.insert(out.end(), member.name.begin(), member.name.end());
    out.insert(out.end(), packed.begin(), packed.end());
  }
  const std::size_t start = out.size();
  out.insert(out.end(), directory.begin(), directory.end());
  put(out, 4, 0x06054b50);
  put(out, 4, 0);
  put(out, 2, members.size());
  put(out, 2, members.size());
  put(out, 4, directory.size());
  put(out, 4, start);
  put(out, 2, 0);
  return out;
}

}  // namespace inkling
