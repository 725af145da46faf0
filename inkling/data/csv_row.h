// One row of a table of images, from text to bytes: the loop in which reading a CSV file spends its time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inkling/data/csv_layout.h"

namespace inkling {

inline constexpr std::size_t kCsvPadding = 16;  // derived: bytes that may be looked at behind a block's last line

// Label texts that are no numbers, numbered as they come.
class LabelNames {
 public:
  std::uint16_t code(const std::string& name);  // kFirstName and up
  const std::vector<std::string>& list() const { return list_; }

 private:
  std::vector<std::string> list_;
  std::unordered_map<std::string, std::uint16_t> numbers_;
};
inline constexpr std::uint16_t kFirstName = 256;     // derived: codes below are labels that are numbers
inline constexpr std::size_t kMaxLabelNames = 1024;  // guess: enough to say that there are more than kMaxClasses

// What is wrong with a row, and at which column, counted from 1.
struct CsvFault {
  std::size_t column = 0;
  std::string text;
};

// Where a row's content goes. With an open end `pixels` takes one more: the last column, as if the label were first.
struct CsvRow {
  std::uint8_t* pixels = nullptr;
  std::uint16_t* first = nullptr;  // the label's code, or what may be it
  std::uint16_t* last = nullptr;
};

// Reads the row that begins at `text`, which ends with '\n' and has kCsvPadding bytes behind that; returns where the
// next begins. Throws CsvFault.
const char* read_csv_row(const char* text, const CsvLayout& layout, const CsvRow& to, LabelNames& names);

}  // namespace inkling
