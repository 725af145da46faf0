#include <fmt/ranges.h>

#include <array>
#include <charconv>

#include "inkling/core/error.h"
#include "inkling/data/source.h"

namespace inkling {
namespace {

constexpr std::size_t kMaxSide = 1u << 15;  // guess: as of images

constexpr std::array<std::string_view, 4> kLabels = {"auto", "first", "last", "none"};
constexpr std::array<std::string_view, 3> kTransposes = {"auto", "yes", "no"};

template <typename Choice, std::size_t N>
Choice choice_of(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == text) return static_cast<Choice>(i);
  fail(ErrorKind::config, "expected {}, found '{}'", fmt::join(names, ", "), text);
}

ImageSize size_of(std::string_view text) {
  ImageSize size;
  const char* const end = text.data() + text.size();
  const auto height = std::from_chars(text.data(), end, size.height);
  if (height.ec == std::errc() && height.ptr != end && *height.ptr == 'x') {
    const auto width = std::from_chars(height.ptr + 1, end, size.width);
    const auto fits = [](std::size_t side) { return side > 0 && side <= kMaxSide; };
    if (width.ec == std::errc() && width.ptr == end && fits(size.height) && fits(size.width)) return size;
  }
  fail(ErrorKind::config, "expected height and width as 28x28, found '{}'", text);
}

}  // namespace

void set_table_form(TableForm& form, std::string_view name, std::string_view text) {
  if (name == "label")
    form.label = choice_of<LabelColumn>(kLabels, text);
  else if (name == "transpose")
    form.transpose = choice_of<Transpose>(kTransposes, text);
  else if (name == "image_size")
    form.size = text == "auto" ? std::nullopt : std::optional(size_of(text));
  else
    fail(ErrorKind::config, "{}: nothing that is said of a table", name);
}

std::map<std::string, std::string> table_form_texts(const TableForm& form) {
  std::map<std::string, std::string> texts;
  if (form.label != LabelColumn::automatic) texts["label"] = kLabels[static_cast<std::size_t>(form.label)];
  if (form.transpose != Transpose::automatic)
    texts["transpose"] = kTransposes[static_cast<std::size_t>(form.transpose)];
  if (form.size) texts["image_size"] = fmt::format("{}x{}", form.size->height, form.size->width);
  return texts;
}

}  // namespace inkling
