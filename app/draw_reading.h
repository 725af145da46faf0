// What a preparation did to an image, for people: the image as given beside the one that the network saw.
#pragma once

#include <string>

#include "app/terminal.h"
#include "inkling/image/prepare.h"

// Both in a terminal, as high as each other, in at most so many columns; their width comes back in `drawn`.
std::string draw_given_and_seen(const inkling::Image& given, const inkling::Image& seen, ColorLevel level,
                                std::size_t columns, std::size_t& drawn);

// "640 x 480 pixels, dark ink on light paper; the ink is 210 x 300 at (100, 80); 3 ruled lines taken away", in lines of
// at most 80 columns.
std::string describe_preparation(const inkling::Image& given, const inkling::Prepared& prepared);
