// Data for a command, loaded with what a person should be told on the way.
#pragma once

#include <string>

#include "inkling/data/dataset.h"

// What --data names; prints to stderr what happens, and says in a box when it is only the bundled sample. Throws
// inkling::Error.
inkling::DataSplit load_source(const std::string& source, std::size_t class_count = inkling::kDigitClasses);
