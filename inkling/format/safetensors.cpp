#include "inkling/format/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <set>
#include <tuple>

#include "inkling/core/aligned.h"
#include "inkling/core/error.h"
#include "inkling/format/strict_json.h"

namespace inkling {
namespace {

static_assert(std::endian::native == std::endian::little, "the file's numbers are copied as they stand");

constexpr std::size_t kLengthBytes = sizeof(std::uint64_t);
constexpr const char* kMetadataKey = "__metadata__";

// A tensor of the header: its bytes are [begin, end) of the buffer behind the header.
struct Entry {
  std::string name;
  std::vector<std::size_t> shape;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// False when the product of all sizes, or its bytes as floats, does not fit.
bool count_bytes(std::span<const std::size_t> shape, std::size_t& bytes) {
  bytes = sizeof(float);
  for (const std::size_t size : shape) {
    if (size != 0 && bytes > std::numeric_limits<std::size_t>::max() / size) return false;
    bytes *= size;
  }
  return true;
}

void check_type(const std::string& type, std::string_view where) {
  static const std::set<std::string_view> others = {"BOOL", "U8",   "I8",  "F8_E5M2", "F8_E4M3", "I16", "U16",
                                                    "F16",  "BF16", "I32", "U32",     "F64",     "I64", "U64"};
  if (type == "F32") return;
  if (others.contains(type))
    fail(ErrorKind::format, "{}: the numbers are {}, and only F32 is read: convert the tensor to F32 and save it again",
         where, type);
  fail(ErrorKind::format, "{}: the type {} is not known; F32 is read", where, in_quotes(type));
}

Entry parse_entry(const std::string& name, const nlohmann::json& value, std::size_t buffer_size,
                  std::string_view file) {
  const std::string where = fmt::format("{}: tensor {}", file, in_quotes(name));
  json_object(value, where);
  check_type(json_text(json_member(value, "dtype", where), where + ": dtype"), where);

  Entry entry;
  entry.name = name;
  for (const nlohmann::json& size : json_array(json_member(value, "shape", where), where + ": shape"))
    entry.shape.push_back(json_count(size, where + ": shape"));
  std::size_t bytes = 0;
  if (!count_bytes(entry.shape, bytes))
    fail(ErrorKind::limit, "{}: the shape's product is too large for any memory", where);

  const nlohmann::json& offsets = json_array(json_member(value, "data_offsets", where), where + ": data_offsets");
  if (offsets.size() != 2) fail(ErrorKind::format, "{}: expected two data_offsets, found {}", where, offsets.size());
  entry.begin = json_count(offsets[0], where + ": data_offsets");
  entry.end = json_count(offsets[1], where + ": data_offsets");
  if (entry.begin > entry.end)
    fail(ErrorKind::format, "{}: it begins at byte {}, behind its end at byte {}", where, entry.begin, entry.end);
  if (entry.end > buffer_size)
    fail(ErrorKind::format, "{}: it ends at byte {} of {} bytes of data: the file is cut short, or its header is wrong",
         where, entry.end, buffer_size);
  if (entry.end - entry.begin != bytes)
    fail(ErrorKind::format, "{}: its shape needs {} bytes, its data_offsets span {}", where, bytes,
         entry.end - entry.begin);
  return entry;
}

// Sorts the entries as their bytes lie in the buffer, and requires that they cover it.
void check_coverage(std::vector<Entry>& entries, std::size_t buffer_size, std::string_view where) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::size_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin > covered)
      fail(ErrorKind::format, "{}: bytes {} to {} of the data belong to no tensor", where, covered, entry.begin);
    if (entry.begin < covered)
      fail(ErrorKind::format, "{}: tensor {} begins at byte {}, inside the tensor before it, which ends at byte {}",
           where, in_quotes(entry.name), entry.begin, covered);
    covered = entry.end;
  }
  if (covered != buffer_size)
    fail(ErrorKind::format, "{}: {} bytes behind the last tensor", where, buffer_size - covered);
}

std::string header_text(const TensorFile& file) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header[kMetadataKey] = file.metadata;
  std::size_t offset = 0;
  std::set<std::string_view> names = {kMetadataKey};
  for (const NamedTensor& tensor : file.tensors) {
    if (!names.insert(tensor.name).second)
      fail(ErrorKind::config, "tensor {}: the name stands twice or is reserved", in_quotes(tensor.name));
    std::size_t bytes = 0;
    if (!count_bytes(tensor.shape, bytes) || bytes != tensor.values.size() * sizeof(float))
      fail(ErrorKind::shape, "tensor {}: its shape does not fit its {} values", in_quotes(tensor.name),
           tensor.values.size());
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  try {
    return header.dump();
  } catch (const nlohmann::json::exception&) {
    fail(ErrorKind::config, "a tensor's name or a text of the metadata is not UTF-8");
  }
}

}  // namespace

Bytes to_safetensors(const TensorFile& file) {
  std::string header = header_text(file);
  header.resize(round_up(kLengthBytes + header.size(), kAlignment) - kLengthBytes, ' ');
  if (header.size() > kMaxHeaderBytes)
    fail(ErrorKind::limit, "names and metadata fill {} bytes, more than the {} that are allowed", header.size(),
         kMaxHeaderBytes);

  std::size_t size = kLengthBytes + header.size();
  for (const NamedTensor& tensor : file.tensors) size += tensor.values.size() * sizeof(float);
  Bytes bytes;
  bytes.reserve(size);
  const auto append = [&bytes](const void* data, std::size_t count) {
    const auto* first = static_cast<const std::uint8_t*>(data);
    bytes.insert(bytes.end(), first, first + count);
  };
  const std::uint64_t length = header.size();
  append(&length, kLengthBytes);
  append(header.data(), header.size());
  for (const NamedTensor& tensor : file.tensors) append(tensor.values.data(), tensor.values.size() * sizeof(float));
  return bytes;
}

TensorFile parse_safetensors(std::span<const std::uint8_t> bytes, std::string_view where) {
  if (bytes.size() < kLengthBytes)
    fail(ErrorKind::format, "{}: {} bytes are too few for a safetensors file, which begins with an 8-byte length",
         where, bytes.size());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  const std::span<const std::uint8_t> behind = bytes.subspan(kLengthBytes);
  if (length > behind.size())
    fail(ErrorKind::format,
         "{}: a header of {} bytes is announced and {} bytes follow: cut short, or no safetensors file", where, length,
         behind.size());
  if (length > kMaxHeaderBytes)
    fail(ErrorKind::limit, "{}: a header of {} bytes, more than the {} that are allowed", where, length,
         kMaxHeaderBytes);
  const std::span<const std::uint8_t> buffer = behind.subspan(length);

  const std::string header_where = fmt::format("{}: header", where);
  const nlohmann::json header =
      parse_json_object({reinterpret_cast<const char*>(behind.data()), static_cast<std::size_t>(length)}, header_where);
  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != kMetadataKey) {
      entries.push_back(parse_entry(name, value, buffer.size(), where));
      continue;
    }
    const std::string metadata_where = fmt::format("{}: {}", where, kMetadataKey);
    for (const auto& [key, text] : json_object(value, metadata_where).items())
      file.metadata[key] = json_text(text, fmt::format("{}: {}", metadata_where, in_quotes(key)));
  }
  check_coverage(entries, buffer.size(), where);

  for (Entry& entry : entries) {
    NamedTensor& tensor = file.tensors.emplace_back();
    tensor.name = std::move(entry.name);
    tensor.shape = std::move(entry.shape);
    tensor.values.resize((entry.end - entry.begin) / sizeof(float));
    if (!tensor.values.empty()) std::memcpy(tensor.values.data(), buffer.data() + entry.begin, entry.end - entry.begin);
  }
  return file;
}

}  // namespace inkling
