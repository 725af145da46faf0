// What `inkling read` reads of made pages, as a table: measure_pages MODEL MNIST_FOLDER train|test [PAGES] [SEED]
// [WRONG]
//
// For every kind of paper PAGES pages (default 10) of 1 to 60 digits, of strokes and of MNIST's digits of that part,
// apart and touching; MODEL is a file or `digits`. Into the folder WRONG go the pages that were not read whole. Tune
// with `train`, report `test`.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <string_view>

#include "inkling/core/error.h"
#include "inkling/data/idx.h"
#include "inkling/format/bundled_model.h"
#include "inkling/reader/page.h"
#include "tests/papers/compose.h"
#include "tests/papers/page_score.h"

namespace inkling::papers {
namespace {

struct Measured {
  PageScore score;
  double seconds = 0;
};

double percent(std::size_t part, std::size_t all) {
  return all == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(all);
}

void print_row(std::string_view name, std::string_view source, const Measured& m) {
  const PageScore& s = m.score;
  fmt::print("{:<12} {:<14} {:>7} {:>8.2f} {:>8.2f} {:>8.2f} {:>7} {:>8.1f} {:>7.1f} {:>8.1f}\n", name, source,
             s.truths, percent(s.found, s.truths), percent(s.right, s.truths), percent(s.refused, s.truths), s.extra,
             percent(s.in_order, s.pages), percent(s.whole_texts, s.pages),
             1000 * m.seconds / static_cast<double>(std::max<std::size_t>(s.pages, 1)));
}

void measure(Reader reader, const Dataset& mnist, std::size_t pages, std::uint64_t seed, const char* wrong) {
  const Runtime rt({.threads = 1, .isa = {}});
  const std::vector<std::string>& names = reader.info().class_names;
  struct Kind {
    const char* name;
    DigitSource digits;
    double touching;
  };
  const DigitSource scans = image_digits(mnist.pixels, mnist.labels, mnist.height);
  const Kind kinds[] = {{"strokes", stroke_digits(), 0},
                        {"mnist", scans, 0},
                        {"strokes touch", stroke_digits(), 0.25},
                        {"mnist touch", scans, 0.25}};
  fmt::print("{:<12} {:<14} {:>7} {:>8} {:>8} {:>8} {:>7} {:>8} {:>7} {:>8}\n", "paper", "digits", "count", "found %",
             "right %", "refused%", "extra", "order %", "text %", "CPU ms");
  std::vector<std::string> papers(kPaperKinds.begin(), kPaperKinds.end());
  papers.push_back("");
  for (const Kind& kind : kinds) {
    Measured all;
    for (const std::string& paper : papers) {
      Measured here;
      for (std::size_t i = 0; i < pages; ++i) {
        Dice dice(seed + 1000 * i,
                  static_cast<std::uint64_t>(&kind - kinds) * 64 + static_cast<std::uint64_t>(&paper - papers.data()));
        const std::size_t height = dice.from_to(500, 1800);
        const Page page = compose_page(kind.digits,
                                       {.height = height,
                                        .width = dice.from_to(height * 3 / 4, height * 3 / 2),
                                        .digits = dice.from_to(1, 60),
                                        .touching = kind.touching,
                                        .paper = paper},
                                       dice);
        const Image grey = grey_of(page.photo);
        const std::clock_t begin = std::clock();  // of this thread alone: other programs do not count
        const PageReading reading = read_page(rt, reader, grey);
        here.seconds += static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
        const PageScore score_here = score(page, reading, names);
        here.score += score_here;
        if (wrong != nullptr &&
            (score_here.right < score_here.truths || score_here.extra > 0 || score_here.whole_texts == 0)) {
          const std::string name = fmt::format("{}_{}_{}", kind.name, paper.empty() ? "any" : paper, i);
          write_colour_png(std::filesystem::path(wrong) / (name + ".png"), page.photo);
          fmt::print(stderr, "{}: {} of {} right, {} extra, order {}\n{}\nread as\n{}\n", name, score_here.right,
                     score_here.truths, score_here.extra, score_here.in_order, page.text, text_of(reading, names));
        }
      }
      print_row(paper.empty() ? "any mixture" : paper, kind.name, here);
      all.score += here.score;
      all.seconds += here.seconds;
    }
    print_row("ALL", kind.name, all);
  }
}

}  // namespace
}  // namespace inkling::papers

int main(int count, char** arguments) {
  if (count < 4) {
    fmt::print(stderr, "measure_pages MODEL MNIST_FOLDER train|test [PAGES] [SEED] [WRONG]\n");
    return 2;
  }
  try {
    const inkling::TrainTest mnist = inkling::load_mnist(arguments[2]);
    const std::string_view model = arguments[1];
    inkling::Reader reader(inkling::is_bundled_model(model) ? inkling::load_bundled_model(model)
                                                            : inkling::load_model(arguments[1]));
    inkling::papers::measure(std::move(reader), std::string_view(arguments[3]) == "test" ? mnist.test : mnist.train,
                             count > 4 ? std::strtoull(arguments[4], nullptr, 10) : 10,
                             count > 5 ? std::strtoull(arguments[5], nullptr, 10) : 1,
                             count > 6 ? arguments[6] : nullptr);
  } catch (const inkling::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
