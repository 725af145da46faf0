#include "tests/papers/page_score.h"

#include <algorithm>
#include <utility>

namespace inkling::papers {
namespace {

double shared(const Box& a, const Box& b) {
  const auto side = [](std::size_t a0, std::size_t an, std::size_t b0, std::size_t bn) {
    const std::size_t low = std::max(a0, b0), high = std::min(a0 + an, b0 + bn);
    return static_cast<double>(high > low ? high - low : 0);
  };
  const double both = side(a.top, a.height, b.top, b.height) * side(a.left, a.width, b.left, b.width);
  const double all = static_cast<double>(a.height * a.width) + static_cast<double>(b.height * b.width) - both;
  return all > 0 ? both / all : 0;
}

}  // namespace

PageScore& PageScore::operator+=(const PageScore& other) {
  pages += other.pages;
  truths += other.truths;
  found += other.found;
  refused += other.refused;
  right += other.right;
  extra += other.extra;
  in_order += other.in_order;
  whole_texts += other.whole_texts;
  return *this;
}

PageScore score(const Page& page, const PageReading& reading, const std::vector<std::string>& class_names) {
  PageScore out{.pages = 1, .truths = page.digits.size()};
  std::vector<std::size_t> truth_of(reading.digits.size(), SIZE_MAX);
  for (std::size_t t = 0; t < page.digits.size(); ++t) {
    double most = 0.3;
    std::size_t best = SIZE_MAX;
    for (std::size_t r = 0; r < reading.digits.size(); ++r) {
      const double part = shared(page.digits[t].box, reading.digits[r].box);
      if (part > most && truth_of[r] == SIZE_MAX) most = part, best = r;
    }
    if (best == SIZE_MAX) continue;
    truth_of[best] = t;
    ++out.found;
    const Reading& answer = reading.digits[best].reading;
    if (answer.refused)
      ++out.refused;
    else if (class_names.at(answer.best) == std::to_string(page.digits[t].digit))
      ++out.right;
  }
  bool in_order = true;
  std::size_t before = SIZE_MAX;  // the read digit before that has a truth
  for (std::size_t r = 0; r < reading.digits.size(); ++r) {
    if (truth_of[r] == SIZE_MAX) {
      out.extra += reading.digits[r].reading.refused ? 0 : 1;
      continue;
    }
    if (before != SIZE_MAX) {
      const TrueDigit &a = page.digits[truth_of[before]], &b = page.digits[truth_of[r]];
      const bool same_line = reading.digits[before].line == reading.digits[r].line;
      in_order = in_order && truth_of[before] < truth_of[r] && same_line == (a.line == b.line);
    }
    before = r;
  }
  out.in_order = in_order ? 1 : 0;
  out.whole_texts = text_of(reading, class_names) == page.text ? 1 : 0;
  return out;
}

}  // namespace inkling::papers
