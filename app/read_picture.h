// The picture of `inkling read --show`: the page as it was given, a box around every digit, and what it was read as.
#pragma once

#include <string>
#include <vector>

#include "inkling/image/image.h"
#include "inkling/reader/page.h"
#include "inkling/report/picture.h"

// The page in grey, smaller where its longer side has more than 2,400 pixels and larger where it has fewer than 600;
// read digits in blue, what is no digit in vermilion and marked `?`; a digit's tag is its class, with ~ where its
// probability is below 90 %. Throws inkling::Error config where the program has no font.
inkling::Picture picture_of(const inkling::Image& page, const inkling::PageReading& reading,
                            const std::vector<std::string>& class_names);
