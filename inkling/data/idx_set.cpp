#include "inkling/data/idx_set.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <future>
#include <map>
#include <optional>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/classes.h"
#include "inkling/data/csv_layout.h"
#include "inkling/data/gzip.h"
#include "inkling/data/idx.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNamesFile = std::size_t{1} << 20;  // guess: 256 names have some kilobytes

// A part as its files have it: labels are still what they were there.
struct Part {
  IdxImages images;
  Bytes labels;
};

using NameOfLabel = std::map<std::size_t, std::string>;

Part read_part(const IdxFiles& files, IdxPart images_part) {
  const fs::path& images_path = *files.paths[images_part];
  const fs::path& labels_path = *files.paths[images_part + 1];
  return {parse_idx_images(read_idx_file(images_path), images_path.string()),
          parse_idx_labels(read_idx_file(labels_path), labels_path.string())};
}

std::string utf8(std::size_t code, std::string_view where) {
  std::string text;
  const auto byte = [&](std::size_t value) { text += static_cast<char>(value); };
  if (code > 0x10ffff) fail(ErrorKind::format, "{}: {} is no code point", where, code);
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6), byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f));
  } else {
    byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 0x3f)), byte(0x80 | (code >> 6 & 0x3f)),
        byte(0x80 | (code & 0x3f));
  }
  return text;
}

std::vector<std::string> lines_of(const fs::path& file) {
  const Bytes bytes = read_file(file, kMaxNamesFile);
  std::vector<std::string> lines;
  std::string line;
  for (const std::uint8_t b : bytes) {
    if (b != '\n') {
      line += static_cast<char>(b);
      continue;
    }
    lines.push_back(std::exchange(line, {}));
  }
  if (!line.empty()) lines.push_back(line);
  for (std::string& each : lines)
    if (each.ends_with('\r')) each.pop_back();
  return lines;
}

std::size_t whole(std::string_view text, std::string_view where) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > 0x10ffff)
    fail(ErrorKind::format, "{}: '{}' is no label or code point", where, text);
  return value;
}

// "36 97", or "1 65 97": a label and what it stands for, of which the first is taken.
NameOfLabel read_mapping(const fs::path& file) {
  NameOfLabel names;
  const std::vector<std::string> lines = lines_of(file);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    const std::string where = fmt::format("{}: line {}", file.string(), i + 1);
    std::vector<std::string> fields;
    for (std::string& field : split_csv_line(lines[i], ' ', where))
      if (!field.empty()) fields.push_back(std::move(field));
    if (fields.size() < 2) fail(ErrorKind::format, "{}: expected a label and a code point", where);
    names[whole(fields[0], where)] = utf8(whole(fields[1], where), where);
  }
  return names;
}

// index,codepoint,char
NameOfLabel read_class_map(const fs::path& file) {
  NameOfLabel names;
  const std::vector<std::string> lines = lines_of(file);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    const std::string where = fmt::format("{}: line {}", file.string(), i + 1);
    const std::vector<std::string> fields = split_csv_line(lines[i], ',', where);
    if (fields.size() != 3) fail(ErrorKind::format, "{}: expected index, code point and character", where);
    names[whole(fields[0], where)] = fields[2];
  }
  return names;
}

NameOfLabel read_names(const fs::path& file) {
  NameOfLabel names;
  for (std::string& line : lines_of(file)) names.emplace(names.size(), std::move(line));
  return names;
}

// What the labels of the set of this prefix are called; nothing where no file says it.
NameOfLabel class_names_beside(const fs::path& folder, const std::string& prefix) {
  std::error_code ignored;
  const auto there = [&](const fs::path& path) { return fs::is_regular_file(path, ignored); };
  NameOfLabel names;
  fs::path file = folder / (prefix + "classes.txt");
  if (there(file)) {
    names = read_names(file);
  } else if (there(file = folder / (prefix + "mapping.txt"))) {
    names = read_mapping(file);
  } else {
    for (const std::string& each : {prefix + "classmap.csv", std::string("kmnist_classmap.csv")})
      if (names.empty() && there(file = folder / each)) names = read_class_map(file);
  }
  for (const auto& [label, name] : names) check_class_name(name, file.string());
  for (auto a = names.begin(); a != names.end(); ++a)
    if (std::any_of(std::next(a), names.end(), [&](const auto& b) { return a->second == b.second; }))
      fail(ErrorKind::format, "{}: two classes are named '{}'", file.string(), a->second);
  if (names.size() > kMaxClasses)
    fail(ErrorKind::limit, "{}: {} classes; expected at most {}", file.string(), names.size(), kMaxClasses);
  return names;
}

// Labels become places in the list of names, which is returned.
std::vector<std::string> name_classes(const NameOfLabel& names, std::size_t class_count, Bytes& first, Bytes& second,
                                      std::string_view where) {
  if (class_count > 0) return digit_names(class_count);
  if (names.empty()) return number_classes(first, second);
  std::vector<std::string> list;
  std::map<std::size_t, std::uint8_t> places;
  for (const auto& [label, name] : names) {
    places[label] = static_cast<std::uint8_t>(list.size());
    list.push_back(name);
  }
  for (Bytes* labels : {&first, &second})
    for (std::uint8_t& label : *labels) {
      const auto at = places.find(label);
      if (at == places.end())
        fail(ErrorKind::format, "{}: label {} is not among the {} classes that are named", where, label, list.size());
      label = at->second;
    }
  return list;
}

Dataset make_part(Part part, const std::vector<std::string>& names, std::string_view where) {
  Dataset data = make_dataset(part.images.height, part.images.width, std::move(part.images.pixels),
                              std::move(part.labels), names.size(), where);
  data.class_names = names;
  return data;
}

struct Named {
  fs::path folder;
  std::string prefix;
};

Named find_set(const fs::path& path) {
  std::error_code ignored;
  const bool is_folder = fs::is_directory(path, ignored);
  const fs::path folder = is_folder ? path : path.has_parent_path() ? path.parent_path() : ".";
  std::vector<std::string> prefixes = idx_prefixes(folder);
  if (is_folder) {
    // MNIST's own names are what the folder is for, even where other sets are beside them.
    if (prefixes.empty() || prefixes.front().empty()) return {folder, ""};
    if (prefixes.size() > 1)
      fail(ErrorKind::config, "{}: {} sets in one folder; name one of them: {}", path.string(), prefixes.size(),
           (folder / fmt::format("{}", fmt::join(prefixes, ", "))).string());
    return {folder, prefixes.front()};
  }
  const std::string wanted = path.filename().string();
  for (const std::string& prefix : prefixes)
    if (prefix.size() == wanted.size() + 1 && prefix.starts_with(wanted)) return {folder, prefix};
  fail(ErrorKind::io, "{}: no such file, folder or set of IDX files", path.string());
}

}  // namespace

bool is_to_transpose(Transpose choice, std::string_view name) {
  std::string start(name.substr(0, 6));
  std::ranges::transform(start, start.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return choice == Transpose::yes || (choice == Transpose::automatic && start == "emnist");
}

void transpose_images(std::size_t& height, std::size_t& width, std::vector<std::uint8_t>& pixels) {
  const std::size_t size = height * width;
  std::vector<std::uint8_t> image(size);
  for (std::size_t begin = 0; begin + size <= pixels.size(); begin += size) {
    std::uint8_t* to = pixels.data() + begin;
    std::copy_n(to, size, image.begin());
    for (std::size_t x = 0; x < width; ++x)
      for (std::size_t y = 0; y < height; ++y) *to++ = image[y * width + x];
  }
  std::swap(height, width);
}

SourceParts load_idx_set(const fs::path& path, const ReadOptions& options,
                         const std::function<void(const Dataset& test)>& meanwhile) {
  const Named named = find_set(path);
  const IdxFiles files = find_idx_files(named.folder, named.prefix);
  const auto has = [&](IdxPart part) { return files.paths[part].has_value(); };
  const bool has_train = has(kTrainImages) && has(kTrainLabels), has_test = has(kTestImages) && has(kTestLabels);
  const bool half = has(kTrainImages) != has(kTrainLabels) || has(kTestImages) != has(kTestLabels);
  if (half || !(has_train || has_test))
    fail(ErrorKind::io, "{}: expected the four files of a set (raw or .gz), missing: {}", path.string(),
         fmt::join(files.missing, ", "));
  const NameOfLabel names = class_names_beside(named.folder, named.prefix);
  const bool turn = is_to_transpose(options.table.transpose, named.prefix);
  const auto finish = [&](Dataset& data) {
    if (turn) transpose_images(data.height, data.width, data.pixels);
  };
  if (turn && options.table.transpose == Transpose::automatic && options.note)
    options.note(
        fmt::format("{}: EMNIST's images lie on their side: turned (--transpose no leaves them)", path.string()));

  std::future<Part> reading_test;
  if (has_test)
    reading_test = std::async(std::launch::async, [&] {
      Part part = read_part(files, kTestImages);
      if (meanwhile && !turn && part.labels.size() == part.images.count) {
        Dataset data{part.images.height, part.images.width, std::move(part.images.pixels), std::move(part.labels), {}};
        meanwhile(data);
        part.images.pixels = std::move(data.pixels);
        part.labels = std::move(data.labels);
      }
      return part;
    });
  Part train, test;
  if (has_train) train = read_part(files, kTrainImages);  // where both are broken, its error is the one told
  if (has_test) test = reading_test.get();
  const std::string where = path.string();
  const std::vector<std::string> classes = name_classes(names, options.class_count, train.labels, test.labels, where);
  SourceParts parts;
  std::optional<Dataset> test_data;
  if (has_test) {
    test_data = make_part(
        std::move(test), classes,
        fmt::format("{} with {}", files.paths[kTestImages]->string(), files.paths[kTestLabels]->filename().string()));
    finish(*test_data);
  }
  if (has_train) {
    parts.train = make_part(
        std::move(train), classes,
        fmt::format("{} with {}", files.paths[kTrainImages]->string(), files.paths[kTrainLabels]->filename().string()));
    finish(parts.train);
  }
  if (has_train && has_test) {
    check_same_kind(parts.train, *test_data, where);
    parts.test = std::move(test_data);
  } else if (has_test) {
    parts.train = std::move(*test_data);
  }
  return parts;
}

ImageSet load_idx_file(const fs::path& path, const ReadOptions& options) {
  Bytes bytes = read_idx_file(path);
  constexpr std::size_t kRankAt = 3;
  if (bytes.size() > kRankAt && bytes[0] == 0 && bytes[kRankAt] < 3)
    fail(ErrorKind::format, "{}: labels; name the file of the images, or their folder", path.string());
  IdxImages images = parse_idx_images(std::move(bytes), path.string());
  ImageSet set{.height = images.height, .width = images.width, .pixels = std::move(images.pixels)};
  const std::string name = path.filename().string();
  if (is_to_transpose(options.table.transpose, name)) transpose_images(set.height, set.width, set.pixels);
  const std::optional<fs::path> labels = labels_beside(path);
  if (!labels) return set;
  set.labels = parse_idx_labels(read_idx_file(*labels), labels->string());
  if (set.labels.size() != set.count())
    fail(ErrorKind::shape, "{}: {} images, but {} labels in {}; the two belong to different sets, or one is cut short",
         path.string(), set.count(), set.labels.size(), labels->filename().string());
  std::string prefix;
  for (const std::string& each : idx_prefixes(path.has_parent_path() ? path.parent_path() : "."))
    if (name.starts_with(each)) prefix = each;
  Bytes none;
  set.class_names = name_classes(class_names_beside(path.has_parent_path() ? path.parent_path() : ".", prefix),
                                 options.class_count, set.labels, none, path.string());
  return set;
}

void write_idx_set(const SourceParts& parts, const fs::path& folder, bool gzipped) {
  const auto as_number = [](const std::string& name) -> std::optional<std::uint8_t> {
    std::uint8_t value = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
    const bool is_number = error == std::errc() && end == name.data() + name.size() && name == std::to_string(value);
    return is_number ? std::optional(value) : std::nullopt;
  };
  const std::vector<std::string>& names = parts.train.class_names;
  const bool numbers = std::ranges::all_of(names, [&](const std::string& name) { return as_number(name).has_value(); });
  const auto write = [&](IdxPart part, Bytes bytes, const std::vector<std::uint8_t>& elements) {
    bytes.insert(bytes.end(), elements.begin(), elements.end());
    const std::string name = std::string(kIdxNames[part]) + (gzipped ? ".gz" : "");
    write_file_atomically(folder / name, gzipped ? gzip(bytes) : bytes);
  };
  const auto write_part = [&](const Dataset& data, IdxPart images_part) {
    write(images_part, idx_images_header(data), data.pixels);
    Bytes labels = data.labels;
    if (numbers)
      for (std::uint8_t& label : labels) label = *as_number(names[label]);
    write(static_cast<IdxPart>(images_part + 1), idx_labels_header(data), labels);
  };
  write_part(parts.train, kTrainImages);
  if (parts.test) write_part(*parts.test, kTestImages);
  if (!numbers) write_file_atomically(folder / "classes.txt", fmt::format("{}\n", fmt::join(names, "\n")));
}

}  // namespace inkling
