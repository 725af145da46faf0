#include "inkling/data/numpy_names.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/data/classes.h"

namespace inkling {
namespace {

enum class Role { none, images, labels };
enum class Part { none, train, test, other };

constexpr std::string_view kExpected =
    "expected x_train and y_train, x_test and y_test (or train_images, train_labels, ..., or images and labels, or X "
    "and y)";

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

Role role_of(std::string_view word) {
  if (is_one_of(word, {"x", "image", "images", "img", "imgs", "data", "pixels", "features", "inputs"}))
    return Role::images;
  if (is_one_of(word, {"y", "label", "labels", "lbl", "lbls", "target", "targets", "class", "classes"}))
    return Role::labels;
  return Role::none;
}

Part part_of(std::string_view word) {
  if (is_one_of(word, {"train", "training"})) return Part::train;
  if (is_one_of(word, {"test", "testing", "t10k"})) return Part::test;
  if (is_one_of(word, {"val", "valid", "validation", "dev"})) return Part::other;
  return Part::none;
}

// "xTrain_2" is x, train, 2; and "ytest", which has no seam, is y, test.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  bool was_lower = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool upper = std::isupper(byte) != 0;
    if ((std::isalnum(byte) == 0 || (upper && was_lower)) && !words.back().empty()) words.emplace_back();
    if (std::isalnum(byte) != 0) words.back() += static_cast<char>(std::tolower(byte));
    was_lower = std::islower(byte) != 0;
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i];
    if (word.size() < 2) continue;
    for (const bool front : {true, false}) {
      const std::string letter(1, front ? word.front() : word.back());
      const std::string rest = front ? word.substr(1) : word.substr(0, word.size() - 1);
      if (!is_one_of(letter, {"x", "y"}) || part_of(rest) == Part::none) continue;
      words[i] = rest;
      words.push_back(letter);
      break;
    }
  }
  return words;
}

std::pair<Role, Part> meaning_of(std::string_view name) {
  Role role = Role::none;
  Part part = Part::none;
  for (const std::string& word : words_of(name)) {
    if (is_one_of(word, {"name", "names"})) return {Role::none, Part::none};        // class_names: no classes of images
    if (role != Role::labels && role_of(word) != Role::none) role = role_of(word);  // image_labels are labels
    if (part == Part::none) part = part_of(word);
  }
  return {role, part == Part::none ? Part::train : part};
}

}  // namespace

ArraySet find_arrays(std::span<const std::string> names, std::string_view where) {
  // numpy.savez(file, images, labels) calls them so.
  if (names.size() == 2 && is_one_of("arr_0", {names[0], names[1]}) && is_one_of("arr_1", {names[0], names[1]})) {
    const std::size_t first = names[0] == "arr_0" ? 0 : 1;
    return {.train = {.images = first, .labels = 1 - first}};
  }

  ArraySet set;
  std::optional<std::size_t> found[2][2];  // [test][labels]
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto [role, part] = meaning_of(names[i]);
    if (role == Role::none || part == Part::other) {
      set.others.push_back(i);
      continue;
    }
    std::optional<std::size_t>& place = found[part == Part::test][role == Role::labels];
    if (place)
      fail(ErrorKind::format, "{}: {} and {} could both be the {} of the {} part; {}", where, names[*place], names[i],
           role == Role::labels ? "labels" : "images", part == Part::test ? "test" : "training", kExpected);
    place = i;
  }

  if (!found[0][0] && !found[0][1] && !found[1][0] && !found[1][1])
    fail(ErrorKind::format, "{}: no arrays of images and labels are known by these names: {}; {}", where,
         names.empty() ? "(none)"
                       : fmt::format("{}", fmt::join(names.first(std::min<std::size_t>(names.size(), 10)), ", ")),
         kExpected);
  for (const auto& part : found)
    if (part[0].has_value() != part[1].has_value())
      fail(ErrorKind::format, "{}: {} is there, and its {} are missing; {}", where,
           names[part[0] ? *part[0] : *part[1]], part[0] ? "labels" : "images", kExpected);
  if (!found[0][0])
    fail(ErrorKind::format, "{}: {} and {} are a test part; the training part is missing; {}", where,
         names[*found[1][0]], names[*found[1][1]], kExpected);
  set.train = {.images = *found[0][0], .labels = *found[0][1]};
  if (found[1][0]) set.test = {.images = *found[1][0], .labels = *found[1][1]};
  return set;
}

SourceParts read_arrays(std::span<const std::string> names, std::string_view where, std::size_t class_count,
                        const ArrayReaders& readers, const std::function<void(const std::string&)>& note) {
  const ArraySet set = find_arrays(names, where);
  if (note && !set.others.empty()) {
    std::vector<std::string_view> others;
    for (const std::size_t i : set.others) others.push_back(names[i]);
    note(fmt::format("{}: passed over: {}", where, fmt::join(others, ", ")));
  }
  const auto where_of = [&](std::size_t index) { return fmt::format("{}: {}.npy", where, names[index]); };
  struct Read {
    ImageArray images;
    Bytes labels;
    std::string where;
  };
  const auto read = [&](const ArrayPair& pair) {
    Read part{
        .images = readers.images(pair.images, where_of(pair.images)), .labels = {}, .where = where_of(pair.labels)};
    part.labels = readers.labels(pair.labels, part.where);
    return part;
  };
  Read train = read(set.train);
  std::optional<Read> test;
  if (set.test) test = read(*set.test);
  std::vector<std::string> names_of_classes = digit_names(class_count);
  if (class_count == 0) {
    Bytes none;
    names_of_classes = number_classes(train.labels, test ? test->labels : none);
  }
  const auto finish = [&](Read& part) {
    Dataset data = make_dataset(part.images.height, part.images.width, std::move(part.images.pixels),
                                std::move(part.labels), names_of_classes.size(), part.where);
    data.class_names = names_of_classes;
    return data;
  };
  SourceParts parts{.train = finish(train)};
  if (test) {
    parts.test = finish(*test);
    check_same_kind(parts.train, *parts.test, where);
  }
  return parts;
}

}  // namespace inkling
