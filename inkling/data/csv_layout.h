// What stands where in a table of images: separator, header, and which columns are the label and the pixels.
//
// A first line in which more than one field is no whole number is a header. Its names say where the label is ("label",
// "class", ...), which columns are none of both ("id", an index without a name), and may say the image's size (pixels
// named 1x1 to 28x28). Without a header the number of columns decides whether there is a label: 784 is a square, 785
// one more. Which end the label is at then stands open until all rows are read: see choose_label_end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/data/source.h"

namespace inkling {

enum class CsvColumn : std::uint8_t { ignored, label, maybe_label };

struct CsvLayout {
  char separator = ',';
  bool has_header = false;
  std::vector<CsvColumn> before;  // the columns before the pixels, which stand together
  std::vector<CsvColumn> after;
  std::size_t pixels = 0;  // columns of them
  ImageSize size;
  // The label is the first or the last of pixels + 1 columns: one of `before` and one of `after` may be it, and
  // `pixels` counts those between; the image has one more.
  bool open_end = false;

  std::size_t columns() const { return before.size() + pixels + after.size(); }
};

// The fields of a line (without its end), without quotes and the blanks around them. Throws Error format: a quote that
// is not closed.
std::vector<std::string> split_csv_line(std::string_view line, char separator, std::string_view where);

// `first` and `second` are the first two lines that are not empty, without their ends; `second` is empty where there is
// none. Throws Error: format (no separator, no rows, columns that cannot be told apart), shape (no square of pixels,
// and no size said).
CsvLayout csv_layout(std::string_view first, std::string_view second, const ReadOptions& options,
                     std::string_view where);

// What one end of a table's rows looks like.
struct ColumnLook {
  std::size_t rows = 0;
  std::size_t most = 0;      // rows that have the most frequent value
  std::size_t distinct = 0;  // values
  std::size_t highest = 0;
};
enum class LabelEnd { first, last, open };

// A column of labels has many values, each often; a pixel in the corner is nearly always background. Decides only where
// one end looks like the former and the other like the latter.
LabelEnd choose_label_end(const ColumnLook& first, const ColumnLook& last);

}  // namespace inkling
