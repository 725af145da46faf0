// Zero-filled memory that starts on a cache line: what every vector kernel reads and writes.
//
// The invariant: data() is 64-byte aligned and size() elements long. Never resized after construction, so views stay
// valid for the buffer's life; moving a buffer keeps its address.
#pragma once

#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace inkling {

inline constexpr std::size_t kAlignment = 64;  // derived: a cache line, and the widest vector (AVX-512)

// The smallest multiple of `unit` that is not below n.
constexpr std::size_t round_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

// Floats from one row of a matrix to the next: whole cache lines, but no multiple of 4 KB, since lines at such
// distances share one set of the first cache.
constexpr std::size_t row_stride(std::size_t cols) {
  constexpr std::size_t line = kAlignment / sizeof(float), page = 4096 / sizeof(float);
  const std::size_t stride = round_up(cols, line);
  return stride != 0 && stride % page == 0 ? stride + line : stride;
}

// Asks the system for huge pages where `bytes` of memory that nobody has touched are many of them: fewer faults, and
// fewer misses of the processor's table of pages. A system without them does as before.
void prefer_huge_pages(void* data, std::size_t bytes) noexcept;

template <typename T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  AlignedBuffer() = default;

  // Throws std::bad_alloc when the memory is not there.
  explicit AlignedBuffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    if (size > (std::numeric_limits<std::size_t>::max() - kAlignment) / sizeof(T)) throw std::bad_alloc();
    const std::size_t bytes = round_up(size * sizeof(T), kAlignment);
    data_.reset(static_cast<T*>(::operator new (bytes, std::align_val_t{kAlignment})));
    prefer_huge_pages(data_.get(), bytes);
    std::memset(static_cast<void*>(data_.get()), 0, bytes);
  }

  AlignedBuffer(const AlignedBuffer& other) : AlignedBuffer(other.size_) {
    if (size_ > 0) std::memcpy(static_cast<void*>(data_.get()), other.data_.get(), size_ * sizeof(T));
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  T* data() noexcept { return data_.get(); }
  const T* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) noexcept { return data_.get()[i]; }
  const T& operator[](std::size_t i) const noexcept { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* p) const noexcept { ::operator delete (p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace inkling
