#include "inkling/data/npz.h"

#include <zip.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/data/npy_array.h"
#include "inkling/data/numpy_names.h"

namespace inkling {
namespace {

constexpr std::size_t kBestRatio = 1032;  // derived: deflate's 258-byte copy in 2 bits

constexpr std::size_t kMaxArchive = std::size_t{1} << 34;  // guess: 16 GiB, doubles of what may come of them
constexpr zip_int64_t kMaxMembers = 1000;                  // guess: a set has four
constexpr std::string_view kSuffix = ".npy";

struct Close {
  void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
  void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, Close>;

template <typename MakeSource>
Archive open_zip(const MakeSource& make_source, std::string_view where) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = make_source(&error);
  Archive archive(source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error));
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (!archive) {
    zip_source_free(source);
    fail(ErrorKind::format, "{}: the .npz (zip) file is truncated or corrupt: {}", where, reason);
  }
  return archive;
}

// The members called NAME.npy, as NAME, in the archive's order. Others are no arrays, and are passed over.
struct Members {
  std::vector<std::string> names;
  std::vector<zip_uint64_t> places;  // in the archive
};

Members arrays_of(zip_t* archive, std::string_view where) {
  const zip_int64_t count = zip_get_num_entries(archive, 0);
  if (count > kMaxMembers)
    fail(ErrorKind::limit, "{}: {} members, more than the {} that a set of images may have", where, count, kMaxMembers);
  Members members;
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(archive, static_cast<zip_uint64_t>(i), 0);
    const std::string_view text = name == nullptr ? "" : name;
    if (!text.ends_with(kSuffix)) continue;
    members.names.emplace_back(text.substr(0, text.size() - kSuffix.size()));
    members.places.push_back(static_cast<zip_uint64_t>(i));
  }
  return members;
}

// A member's bytes as they are inflated.
class Member {
 public:
  Member(zip_t* archive, zip_uint64_t place, std::string where) : where_(std::move(where)) {
    zip_stat_t info;
    zip_stat_init(&info);
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(archive, place, 0, &info) != 0 || (info.valid & kNeeded) != kNeeded ||
        info.encryption_method != ZIP_EM_NONE ||
        (info.comp_method != ZIP_CM_STORE && info.comp_method != ZIP_CM_DEFLATE))
      fail(ErrorKind::format, "{}: encrypted, or packed by a method other than store and deflate", where_);
    if (info.size / kBestRatio > info.comp_size)
      fail(ErrorKind::format, "{}: {} packed bytes cannot inflate to {}; the file is corrupt", where_, info.comp_size,
           info.size);
    file_.reset(zip_fopen_index(archive, place, 0));
    if (!file_) fail(ErrorKind::format, "{}: cannot be opened: {}", where_, zip_strerror(archive));
    size_ = info.size;
  }

  ArrayBytes bytes() {
    return {.size = size_, .read = [this](std::span<std::uint8_t> to) {
              std::size_t done = 0;
              while (done < to.size()) {
                // At a member's end libzip compares its checksum.
                const zip_int64_t n = zip_fread(file_.get(), to.data() + done, to.size() - done);
                if (n < 0) fail(ErrorKind::format, "{}: corrupt: {}", where_, zip_file_strerror(file_.get()));
                if (n == 0) break;
                done += static_cast<std::size_t>(n);
              }
              return done;
            }};
  }

 private:
  std::string where_;
  std::unique_ptr<zip_file_t, Close> file_;
  std::size_t size_ = 0;
};

SourceParts read_archive(zip_t* archive, std::string_view where, std::size_t class_count, std::size_t max_bytes,
                         const std::function<void(const std::string&)>& note) {
  const Members members = arrays_of(archive, where);
  return read_arrays(members.names, where, class_count,
                     {.images =
                          [&](std::size_t index, const std::string& name) {
                            Member member(archive, members.places[index], name);
                            return read_image_array(member.bytes(), name, max_bytes);
                          },
                      .labels =
                          [&](std::size_t index, const std::string& name) {
                            Member member(archive, members.places[index], name);
                            return read_label_array(member.bytes(), name, max_bytes);
                          }},
                     note);
}

}  // namespace

bool is_zip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 4 && bytes[0] == 'P' && bytes[1] == 'K' && bytes[2] == 3 && bytes[3] == 4;
}

SourceParts parse_npz(std::span<const std::uint8_t> bytes, std::string_view where, std::size_t class_count,
                      std::size_t max_bytes, const std::function<void(const std::string&)>& note) {
  if (!is_zip(bytes))
    fail(ErrorKind::format,
         "{}: expected an .npz (zip) file, found something else; IDX files are named by their folder", where);
  const Archive archive = open_zip(
      [&](zip_error_t* error) { return zip_source_buffer_create(bytes.data(), bytes.size(), 0, error); }, where);
  return read_archive(archive.get(), where, class_count, max_bytes, note);
}

SourceParts load_npz(const std::filesystem::path& path, std::size_t class_count,
                     const std::function<void(const std::string&)>& note) {
  const std::string where = path.string();
  {
    InputFile file(path, kMaxArchive);
    std::array<std::uint8_t, 4> start{};
    if (file.read(start) != start.size() || !is_zip(start)) parse_npz(start, where);  // which refuses it
  }
  const Archive archive =
      open_zip([&](zip_error_t* error) { return zip_source_file_create(path.c_str(), 0, -1, error); }, where);
  return read_archive(archive.get(), where, class_count, kMaxInflated, note);
}

}  // namespace inkling
