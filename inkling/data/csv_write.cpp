#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <future>
#include <thread>

#include "inkling/core/draft.h"
#include "inkling/data/csv.h"
#include "inkling/data/gzip.h"

namespace inkling {
namespace {

constexpr std::size_t kRowsAtOnce = 2048;  // guess: 4 MB of text for MNIST, a member of its own in a gzip file

// ",0" to ",255", and how long each is.
struct PixelTexts {
  std::array<std::array<char, 4>, 256> text{};
  std::array<std::uint8_t, 256> length{};
  PixelTexts() {
    for (std::size_t value = 0; value < text.size(); ++value) {
      const std::string each = fmt::format(",{}", value);
      std::ranges::copy(each, text[value].begin());
      length[value] = static_cast<std::uint8_t>(each.size());
    }
  }
};

// As a CSV field: in quotes where it has to be.
std::string field(const std::string& name) {
  if (name.find_first_of(",;\t\"") == std::string::npos && !name.starts_with(' ') && !name.ends_with(' ')) return name;
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

Bytes rows_text(const ImageSet& images, const std::vector<std::string>& names, std::size_t begin, std::size_t end) {
  static const PixelTexts kTexts;
  const std::size_t size = images.height * images.width;
  std::size_t longest = 0;
  for (const std::string& name : names) longest = std::max(longest, name.size());
  Bytes text((end - begin) * (longest + 4 * size + 1) + 4);
  std::uint8_t* to = text.data();
  for (std::size_t j = begin; j < end; ++j) {
    std::uint8_t* const start = to;
    if (!images.labels.empty()) to = std::ranges::copy(names[images.labels[j]], to).out;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint8_t pixel = images.pixels[j * size + i];
      std::copy_n(kTexts.text[pixel].data(), 4, to);
      to += kTexts.length[pixel];
    }
    if (images.labels.empty()) to = std::copy(start + 1, to, start);  // no comma before the first
    *to++ = '\n';
  }
  text.resize(static_cast<std::size_t>(to - text.data()));
  return text;
}

std::string header(const ImageSet& images) {
  std::string text = images.labels.empty() ? "" : "label";
  for (std::size_t y = 1; y <= images.height; ++y)
    for (std::size_t x = 1; x <= images.width; ++x) text += fmt::format("{}{}x{}", text.empty() ? "" : ",", y, x);
  return text + '\n';
}

}  // namespace

void write_csv(const std::filesystem::path& path, const ImageSet& images) {
  const bool packed = path.extension() == ".gz";
  std::vector<std::string> names;
  for (const std::string& name : images.class_names) names.push_back(field(name));
  FileDraft file(path);
  const auto finish = [packed](const Bytes& text) { return packed ? gzip(text) : text; };
  const std::string first = header(images);
  file.append(finish({first.begin(), first.end()}));

  // Pieces of the same size whatever the number of threads, so that the bytes are the same, too.
  const std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t begin = 0; begin < images.count();) {
    std::vector<std::future<Bytes>> pieces;
    for (; pieces.size() < threads && begin < images.count(); begin += std::min(kRowsAtOnce, images.count() - begin))
      pieces.push_back(std::async(std::launch::async, [&, begin] {
        return finish(rows_text(images, names, begin, std::min(begin + kRowsAtOnce, images.count())));
      }));
    for (std::future<Bytes>& piece : pieces) file.append(piece.get());
  }
  file.finish();
}

}  // namespace inkling
