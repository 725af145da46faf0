#include "app/source.h"

#include <fmt/format.h>

#include "app/progress.h"
#include "inkling/data/locate.h"

inkling::DataSplit load_source(const std::string& source, std::size_t class_count) {
  ProgressLine line;
  inkling::LoadOptions options;
  options.class_count = class_count;
  options.note = [&](const std::string& text) {
    line.clear();
    fmt::print(stderr, "{}\n", text);
  };
  options.download.progress = [&](std::string_view file, std::uint64_t done, std::uint64_t total) {
    if (line.due()) line.show(download_progress(file, done, total));
  };
  inkling::DataSplit data = inkling::load_data(source, options);
  line.clear();
  if (data.is_sample)
    fmt::print(stderr,
               "\n"
               "  *****************************************************************************\n"
               "  *  This is the small sample that comes with Inkling, NOT MNIST: its scores  *\n"
               "  *  cannot be compared with MNIST's.    To fetch MNIST: inkling data get     *\n"
               "  *****************************************************************************\n\n");
  return data;
}
