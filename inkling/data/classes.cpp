#include "inkling/data/classes.h"

#include <algorithm>
#include <optional>

#include "inkling/core/error.h"
#include "inkling/data/csv.h"
#include "inkling/data/folder.h"

namespace inkling {
namespace {

bool is_number(std::string_view name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

// Length of the UTF-8 sequence at the front, or 0 where there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0u; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead < 0xf0) {
    const bool overlong = lead == 0xe0 && byte(1) < 0xa0, surrogate = lead == 0xed && byte(1) >= 0xa0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xf0 && lead < 0xf5) {
    const bool overlong = lead == 0xf0 && byte(1) < 0x90, beyond = lead == 0xf4 && byte(1) >= 0x90;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

// Gives each label the number that its class has in `to`. `to` holds every class that is in use.
void renumber(Dataset& data, std::span<const std::string> to, std::string_view where) {
  std::vector<std::optional<std::uint8_t>> numbers(data.class_count());
  for (std::size_t c = 0; c < numbers.size(); ++c) {
    const auto at = std::ranges::find(to, data.class_names[c]);
    if (at != to.end()) numbers[c] = static_cast<std::uint8_t>(at - to.begin());
  }
  for (std::size_t j = 0; j < data.count(); ++j) {
    const std::uint8_t label = data.labels[j];
    if (!numbers[label])
      fail(ErrorKind::shape, "{}: image {} is of class '{}', which is not among the {} classes expected ({} to {})",
           where, j, data.class_names[label], to.size(), to.front(), to.back());
    data.labels[j] = *numbers[label];
  }
  data.class_names.assign(to.begin(), to.end());
}

}  // namespace

std::vector<std::string> number_classes(std::vector<std::uint8_t>& labels) {
  std::vector<std::uint8_t> none;
  return number_classes(labels, none);
}

std::vector<std::string> number_classes(std::vector<std::uint8_t>& first, std::vector<std::uint8_t>& second) {
  std::size_t lowest = kMaxClasses;
  for (const auto* part : {&first, &second})
    for (const std::uint8_t label : *part) lowest = std::min<std::size_t>(lowest, label);
  std::vector<std::string> names = digit_names(classes_of(first, second));
  if (lowest != 1 || names.size() <= kDigitClasses) return names;
  for (auto* part : {&first, &second})
    for (std::uint8_t& label : *part) --label;
  names.erase(names.begin());
  return names;
}

void unite_classes(Dataset& a, Dataset& b, std::string_view where) {
  if (a.class_names == b.class_names) return;
  std::vector<std::string> all = a.class_names;
  for (const std::string& name : b.class_names)
    if (std::ranges::find(all, name) == all.end()) all.push_back(name);
  if (all.size() > kMaxClasses)
    fail(ErrorKind::limit, "{}: {} classes in the two parts; expected at most {}", where, all.size(), kMaxClasses);
  std::ranges::sort(all, natural_less);
  renumber(a, all, where);
  renumber(b, all, where);
}

void adopt_classes(Dataset& data, std::span<const std::string> names, std::string_view where) {
  const bool known = std::ranges::any_of(
      data.class_names, [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); });
  const bool numbered = std::ranges::all_of(data.class_names, is_number) || std::ranges::all_of(names, is_number);
  if (!known && numbered && data.class_count() <= names.size())
    data.class_names.assign(names.begin(), names.end());
  else if (!std::ranges::equal(data.class_names, names))
    renumber(data, names, where);
}

void check_class_name(std::string_view name, std::string_view where) {
  if (name.empty()) fail(ErrorKind::format, "{}: a class without a name", where);
  if (name.size() > kMaxClassName)
    fail(ErrorKind::format, "{}: a class name of {} bytes; expected at most {}", where, name.size(), kMaxClassName);
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t length = sequence_length(name.substr(i));
    const auto c = static_cast<unsigned char>(name[i]);
    const bool late = c == 0xc2 && static_cast<unsigned char>(name[i + 1]) < 0xa0;  // U+0080 to U+009F steer, too
    if (length == 0 || c < 0x20 || c == 0x7f || late)
      fail(ErrorKind::format, "{}: a class name that is not printable UTF-8", where);
    i += length;
  }
}

}  // namespace inkling
