#include "inkling/data/csv.h"

#include <algorithm>
#include <cstring>
#include <future>
#include <limits>
#include <thread>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/byte_stream.h"
#include "inkling/data/classes.h"
#include "inkling/data/csv_layout.h"
#include "inkling/data/csv_row.h"
#include "inkling/data/folder.h"

namespace inkling {
namespace {

constexpr std::size_t kFirstBlock = std::size_t{1} << 18;  // guess: small tables take little; each is twice the last
constexpr std::size_t kBlockBytes = std::size_t{1} << 23;  // guess: 8 MB keep some cores busy for milliseconds
constexpr std::size_t kMaxParsers = 16;                    // guess: beyond these memory is the limit

// Whole lines, and room behind them.
struct Block {
  Bytes text;            // size + kCsvPadding
  std::size_t size = 0;  // 0: the end
};

// Cuts a stream into blocks of whole lines. The last line is ended where the file does not do so.
class LineBlocks {
 public:
  LineBlocks(ByteStream stream, std::string_view where) : stream_(std::move(stream)), where_(where) {}

  Block next() {
    Block block;
    block.text = std::move(rest_);
    rest_.clear();
    std::size_t filled = block.text.size();
    while (!ended_) {
      const std::size_t wanted = std::exchange(wanted_, std::min(2 * wanted_, kBlockBytes));
      block.text.resize(filled + wanted + 1 + kCsvPadding);
      const std::size_t n = stream_.read({block.text.data() + filled, wanted});
      const std::size_t looked_at = filled;
      filled += n;
      ended_ = n < wanted;
      if (ended_ && filled > 0 && block.text[filled - 1] != '\n') block.text[filled++] = '\n';
      const void* last = ::memrchr(block.text.data() + looked_at, '\n', filled - looked_at);
      if (last != nullptr) {
        block.size = static_cast<std::size_t>(static_cast<const std::uint8_t*>(last) + 1 - block.text.data());
        rest_.assign(block.text.begin() + static_cast<std::ptrdiff_t>(block.size),
                     block.text.begin() + static_cast<std::ptrdiff_t>(filled));
        break;
      }
      if (filled > kMaxCsvLine)
        fail(ErrorKind::limit, "{}: a line of more than {} bytes; no table of images has one", where_, kMaxCsvLine);
    }
    block.text.resize(block.size + kCsvPadding);
    return block;
  }
  std::uint64_t taken() const { return stream_.taken(); }
  std::uint64_t total() const { return stream_.total(); }

 private:
  ByteStream stream_;
  std::string where_;
  Bytes rest_;
  std::size_t wanted_ = kFirstBlock;  // bytes to read next
  bool ended_ = false;
};

// A line that has nothing.
bool is_blank(std::string_view line) { return line.empty() || line == "\r"; }

// The lines of a block, one after the other, without their '\n'.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  bool done() const { return text_.empty(); }
  std::string_view next() {
    const std::size_t end = text_.find('\n');
    const std::string_view line = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return line;
  }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

// What one thread makes of its share of a block.
struct Share {
  std::string_view text;
  std::size_t room = 0;  // rows at most: the lines
  std::size_t rows = 0;
  std::uint8_t* pixels = nullptr;
  std::uint16_t* first = nullptr;
  std::uint16_t* last = nullptr;
  LabelNames names{};
  std::optional<CsvFault> fault{};
  std::size_t fault_line = 0;  // within the share, from 0
};

void parse_share(const CsvLayout& layout, std::size_t image_bytes, Share& share) {
  const char* p = share.text.data();
  const char* const end = p + share.text.size();
  while (p < end) {
    if (*p == '\n' || (*p == '\r' && p[1] == '\n')) {
      p += *p == '\n' ? 1 : 2;
      continue;
    }
    try {
      p = read_csv_row(p, layout,
                       {.pixels = share.pixels + share.rows * image_bytes,
                        .first = share.first + share.rows,
                        .last = share.last + share.rows},
                       share.names);
    } catch (CsvFault& fault) {
      share.fault = std::move(fault);
      share.fault_line = static_cast<std::size_t>(std::count(share.text.data(), p, '\n'));
      return;
    }
    ++share.rows;
  }
}

class Table {
 public:
  Table(std::string_view where, const ReadOptions& options, std::size_t max_pixels)
      : where_(where), options_(options), max_pixels_(max_pixels) {}

  void read(LineBlocks blocks);
  ImageSet finish();

 private:
  std::string_view begin(std::string_view text);
  void add(std::string_view text, std::uint64_t bytes_left, std::uint64_t bytes_taken);
  void make_room(std::size_t rows);
  void merge(Share& share);
  void choose_end();
  std::vector<std::uint8_t> take_labels(std::vector<std::uint16_t>& codes, std::vector<std::string>& class_names);

  std::string where_;
  const ReadOptions& options_;
  std::size_t max_pixels_;
  CsvLayout layout_;
  std::size_t image_bytes_ = 0;
  std::size_t lines_ = 0;  // before the text that is being looked at
  std::size_t rows_ = 0;
  Bytes pixels_;
  std::vector<std::uint16_t> firsts_, lasts_;  // (rows): labels, or what may be labels
  LabelNames names_;
};

// Takes byte-order mark, empty lines and header off the first block.
std::string_view Table::begin(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    fail(ErrorKind::format, "{}: text in UTF-16; expected UTF-8 (save it as CSV UTF-8)", where_);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Lines lines(text);
  std::string_view from = text;
  std::string_view found[2];
  std::size_t count = 0;
  std::string_view behind_first;
  for (; count < 2 && !lines.done();) {
    const std::string_view rest = lines.rest();
    const std::string_view line = lines.next();
    if (is_blank(line)) {
      if (count == 0) ++lines_;
      continue;
    }
    if (count == 0) from = rest, behind_first = lines.rest();
    found[count++] = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
  }
  if (count == 0) fail(ErrorKind::shape, "{}: empty: expected a row for each image", where_);
  if (found[0].find('\r') != std::string_view::npos)
    fail(ErrorKind::format, "{}: carriage returns alone end its lines; save it with Unix or Windows line ends", where_);
  layout_ = csv_layout(found[0], found[1], options_, fmt::format("{}: line {}", where_, lines_ + 1));
  image_bytes_ = layout_.size.height * layout_.size.width;
  if (!layout_.has_header) return from;
  ++lines_;
  return behind_first;
}

// Grows in steps of half of what there is, so that the last step's copy is small beside the whole.
void Table::make_room(std::size_t rows) {
  if (rows > max_pixels_ / image_bytes_)
    fail(ErrorKind::limit, "{}: more than {} pixels in all; read at most {} images of {}x{}", where_, max_pixels_,
         max_pixels_ / image_bytes_, layout_.size.height, layout_.size.width);
  if (rows * image_bytes_ > pixels_.capacity())
    reserve(pixels_, std::min(max_pixels_, std::max(rows * image_bytes_, pixels_.capacity() + pixels_.capacity() / 2)));
  pixels_.resize(rows * image_bytes_);
  firsts_.resize(rows);
  lasts_.resize(rows);
}

// A share's label names get the table's numbers.
void Table::merge(Share& share) {
  std::vector<std::uint16_t> code;
  for (const std::string& name : share.names.list()) {
    if (names_.list().size() > kMaxLabelNames)
      fail(ErrorKind::limit, "{}: more than {} names of labels; is this column the label?", where_, kMaxLabelNames);
    code.push_back(names_.code(name));
  }
  if (code.empty()) return;
  for (std::uint16_t* codes : {share.first, share.last})
    for (std::size_t i = 0; i < share.rows; ++i)
      if (codes[i] >= kFirstName) codes[i] = code[codes[i] - kFirstName];
}

void Table::add(std::string_view text, std::uint64_t bytes_left, std::uint64_t bytes_taken) {
  const std::size_t parsers = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxParsers);
  std::vector<Share> shares;
  std::size_t room = 0;
  for (std::size_t k = 0; k < parsers && !text.empty(); ++k) {
    const std::size_t about = text.size() / (parsers - k);
    const std::size_t newline = k + 1 == parsers ? text.size() - 1 : text.find('\n', about);
    Share& share = shares.emplace_back(Share{.text = text.substr(0, newline + 1)});
    text.remove_prefix(share.text.size());
    share.room = static_cast<std::size_t>(std::ranges::count(share.text, '\n'));
    room += share.room;
  }
  // The first block says how long a row is about, and so how much the whole file will need: a tenth more is free.
  if (rows_ == 0 && bytes_taken > 0) {
    const double rows =
        static_cast<double>(room) * (1 + 1.1 * static_cast<double>(bytes_left) / static_cast<double>(bytes_taken));
    reserve(pixels_, static_cast<std::size_t>(
                         std::min(static_cast<double>(max_pixels_), rows * static_cast<double>(image_bytes_))));
  }
  make_room(rows_ + room);
  std::size_t row = rows_;
  std::vector<std::future<void>> others;
  for (Share& share : shares) {
    share.pixels = pixels_.data() + row * image_bytes_;
    share.first = firsts_.data() + row;
    share.last = lasts_.data() + row;
    row += share.room;
  }
  for (std::size_t k = 1; k < shares.size(); ++k)
    others.push_back(std::async(std::launch::async, [&, k] { parse_share(layout_, image_bytes_, shares[k]); }));
  if (!shares.empty()) parse_share(layout_, image_bytes_, shares[0]);
  for (std::future<void>& other : others) other.get();

  for (Share& share : shares) {
    if (share.fault)
      fail(ErrorKind::format, "{}: line {}, column {}: {}", where_, lines_ + share.fault_line + 1, share.fault->column,
           share.fault->text);
    merge(share);
    lines_ += share.room;
    if (share.pixels != pixels_.data() + rows_ * image_bytes_) {  // lines before these were empty
      std::memmove(pixels_.data() + rows_ * image_bytes_, share.pixels, share.rows * image_bytes_);
      std::copy_n(share.first, share.rows, firsts_.data() + rows_);
      std::copy_n(share.last, share.rows, lasts_.data() + rows_);
    }
    rows_ += share.rows;
  }
}

void Table::read(LineBlocks blocks) {
  Block block = blocks.next();
  if (block.size == 0) fail(ErrorKind::shape, "{}: empty: expected a row for each image", where_);
  const auto text_of = [](const Block& b) {
    return std::string_view(reinterpret_cast<const char*>(b.text.data()), b.size);
  };
  bool first = true;
  while (block.size > 0) {
    const std::uint64_t taken = blocks.taken(), total = blocks.total();
    std::future<Block> following = std::async(std::launch::async, [&] { return blocks.next(); });
    const std::string_view text = first ? begin(text_of(block)) : text_of(block);
    first = false;
    add(text, total - std::min(total, taken), taken);
    if (options_.progress) options_.progress(taken, total);
    block = following.get();
  }
  pixels_.resize(rows_ * image_bytes_);
  firsts_.resize(rows_);
  lasts_.resize(rows_);
}

ColumnLook look_of(std::span<const std::uint16_t> codes) {
  std::vector<std::size_t> counts(kFirstName);
  for (const std::uint16_t code : codes) ++counts[code];
  ColumnLook look{.rows = codes.size()};
  for (std::size_t value = 0; value < counts.size(); ++value) {
    look.most = std::max(look.most, counts[value]);
    look.distinct += counts[value] > 0 ? 1 : 0;
    if (counts[value] > 0) look.highest = value;
  }
  return look;
}

void Table::choose_end() {
  const auto has_name = [](const std::vector<std::uint16_t>& codes) {
    return std::ranges::any_of(codes, [](std::uint16_t code) { return code >= kFirstName; });
  };
  const bool first_has = has_name(firsts_), last_has = has_name(lasts_);
  const std::size_t columns = layout_.columns();
  if (first_has && last_has)
    fail(ErrorKind::format, "{}: both the first and the last column have words; expected one of them, the label",
         where_);
  LabelEnd end = LabelEnd::open;
  if (first_has || last_has)
    end = first_has ? LabelEnd::first : LabelEnd::last;
  else
    end = choose_label_end(look_of(firsts_), look_of(lasts_));
  if (end == LabelEnd::open && options_.likely_label == LabelColumn::first) end = LabelEnd::first;
  if (end == LabelEnd::open && options_.likely_label == LabelColumn::last) end = LabelEnd::last;
  if (end == LabelEnd::open)
    fail(ErrorKind::format,
         "{}: {} columns are the pixels of {}x{} and a label, and it cannot be told which end has the label: say "
         "--label first or --label last",
         where_, columns, layout_.size.height, layout_.size.width);
  if (end == LabelEnd::last) {
    // The pixels were stored as if the label were first: the first column's comes in front, the last one's goes.
    for (std::size_t j = 0; j < rows_; ++j) {
      std::uint8_t* image = pixels_.data() + j * image_bytes_;
      std::memmove(image + 1, image, image_bytes_ - 1);
      image[0] = static_cast<std::uint8_t>(firsts_[j]);
    }
  }
  (end == LabelEnd::first ? layout_.before.back() : layout_.after.back()) = CsvColumn::label;
}

std::vector<std::uint8_t> Table::take_labels(std::vector<std::uint16_t>& codes, std::vector<std::string>& class_names) {
  std::vector<std::uint8_t> labels(codes.size());
  if (names_.list().empty()) {
    std::ranges::transform(codes, labels.begin(), [](std::uint16_t code) { return static_cast<std::uint8_t>(code); });
    class_names = number_classes(labels);
    return labels;
  }
  // One word makes words of all labels: EMNIST's digits and letters.
  const auto name_of = [&](std::size_t code) {
    return code < kFirstName ? std::to_string(code) : names_.list()[code - kFirstName];
  };
  std::vector<bool> used(kFirstName + names_.list().size());
  for (const std::uint16_t code : codes) used[code] = true;
  for (std::size_t code = 0; code < used.size(); ++code)
    if (used[code]) class_names.push_back(name_of(code));
  std::ranges::sort(class_names, natural_less);
  if (class_names.size() > kMaxClasses)
    fail(ErrorKind::limit, "{}: {} classes; expected at most {}: is this column the label?", where_, class_names.size(),
         kMaxClasses);
  std::vector<std::uint8_t> number(used.size());
  for (std::size_t code = 0; code < used.size(); ++code)
    if (used[code])
      number[code] = static_cast<std::uint8_t>(std::ranges::lower_bound(class_names, name_of(code), natural_less) -
                                               class_names.begin());
  std::ranges::transform(codes, labels.begin(), [&](std::uint16_t code) { return number[code]; });
  return labels;
}

ImageSet Table::finish() {
  if (rows_ == 0) fail(ErrorKind::shape, "{}: no rows: expected at least one image", where_);
  if (layout_.open_end) choose_end();
  ImageSet images{.height = layout_.size.height, .width = layout_.size.width};
  const auto is_label = [](CsvColumn role) { return role == CsvColumn::label; };
  if (std::ranges::any_of(layout_.before, is_label))
    images.label = LabelColumn::first;
  else if (std::ranges::any_of(layout_.after, is_label))
    images.label = LabelColumn::last;
  if (images.label != LabelColumn::none)
    images.labels = take_labels(images.label == LabelColumn::first ? firsts_ : lasts_, images.class_names);
  images.pixels = std::move(pixels_);
  return images;
}

ImageSet read_table(ByteStream stream, std::string_view where, const ReadOptions& options, std::size_t max_pixels) {
  Table table(where, options, max_pixels);
  table.read(LineBlocks(std::move(stream), where));
  return table.finish();
}

}  // namespace

ImageSet read_csv(const std::filesystem::path& path, const ReadOptions& options) {
  return read_table(ByteStream(path), path.string(), options, kMaxCsvPixels);
}

ImageSet parse_csv(std::span<const std::uint8_t> bytes, std::string_view where, const ReadOptions& options,
                   std::size_t max_pixels) {
  return read_table(ByteStream(bytes, where), where, options, max_pixels);
}

}  // namespace inkling
