// A colour photo of a made sheet, its files, and what a camera's JPEG does to it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "inkling/image/image.h"

namespace inkling::papers {

struct Photo {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> pixels;  // (height, width, 3), row-major: red, green, blue
};

Image grey_of(const Photo& photo);  // (299 R + 587 G + 114 B) / 1000, paper light where it was: no inversion
Photo colour_of(const Image& grey);

// Blocks of 8x8 to their cosine transform, rounded to steps of the tables of ITU-T T.81 annex K at this quality (1 to
// 100), and back: a JPEG's errors without a JPEG, the same bytes on every machine with the same arithmetic.
void add_jpeg_noise(Photo& photo, int quality);

void write_colour_png(const std::filesystem::path& path, const Photo& photo);

}  // namespace inkling::papers
