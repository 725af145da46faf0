// inkling read: every digit of a page, in reading order.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/commands.h"
#include "app/model_argument.h"
#include "app/read_picture.h"
#include "app/usage.h"
#include "inkling/core/error.h"
#include "inkling/image/decode.h"
#include "inkling/reader/page.h"

namespace {

constexpr std::size_t kRefusalsNamed = 5;  // remarks on stderr; --json has all

struct ReadArguments {
  std::string model;
  std::vector<std::string> pages;
  std::string show;
  bool json = false;
  std::string isa;
};

nlohmann::ordered_json as_json(const inkling::PageDigit& digit, const std::vector<std::string>& class_names) {
  const inkling::Reading& reading = digit.reading;
  const std::string& name = class_names.at(reading.best);
  const bool is_digit = name.size() == 1 && name[0] >= '0' && name[0] <= '9' && !reading.refused;
  const inkling::Box& box = digit.box;
  return {{"digit", is_digit ? nlohmann::ordered_json(name[0] - '0') : nlohmann::ordered_json(nullptr)},
          {"class", name},
          {"probability", reading.evidence.probability},
          {"probabilities", std::vector<double>(reading.probabilities.begin(), reading.probabilities.end())},
          {"refused", reading.refused ? nlohmann::ordered_json(*reading.refused) : nlohmann::ordered_json(nullptr)},
          {"line", digit.line},
          {"space_before", digit.space_before},
          {"touching", digit.cut},
          {"box", {{"left", box.left}, {"top", box.top}, {"width", box.width}, {"height", box.height}}}};
}

nlohmann::ordered_json as_json(const std::string& path, const inkling::Image& page, const inkling::PageReading& reading,
                               const std::vector<std::string>& class_names) {
  nlohmann::ordered_json out = {{"image", path},
                                {"width", page.width},
                                {"height", page.height},
                                {"text", text_of(reading, class_names)},
                                {"lines", reading.lines},
                                {"left_out", reading.left_out},
                                {"digits", nlohmann::ordered_json::array()}};
  for (const inkling::PageDigit& digit : reading.digits) out["digits"].push_back(as_json(digit, class_names));
  return out;
}

// What a person should know of a page and its text does not say.
void print_remarks(const std::string& path, const inkling::PageReading& reading) {
  if (reading.digits.empty()) {
    fmt::print(stderr, "Note      {}: no digits: the page is blank, or its ink is too pale or too small to be found\n",
               path);
    return;
  }
  std::size_t refused = 0, place = 0, line = 0;
  for (const inkling::PageDigit& digit : reading.digits) {
    place = digit.line == line ? place + 1 : 1;
    line = digit.line;
    if (!digit.reading.refused) continue;
    if (++refused <= kRefusalsNamed)
      fmt::print(stderr, "Note      {}: line {}, place {} is not a digit: {}\n", path, line + 1, place,
                 *digit.reading.refused);
  }
  if (refused > kRefusalsNamed)
    fmt::print(stderr, "Note      {}: {} more are not digits; --json says why\n", path, refused - kRefusalsNamed);
  if (reading.left_out > 0)
    fmt::print(stderr, "Note      {}: {} marks were left out: more than a page of digits has\n", path,
               reading.left_out);
}

void run_read(const ReadArguments& arguments) {
  const inkling::Runtime rt(
      {.threads = 1,
       .isa = arguments.isa.empty() ? std::nullopt : std::optional(inkling::isa_from_name(arguments.isa))});
  inkling::Reader reader(load_named_model(arguments.model));
  const std::vector<std::string>& class_names = reader.info().class_names;
  for (const std::string& path : arguments.pages) {
    const inkling::Image page = inkling::load_image(path);
    const inkling::PageReading reading = read_page(rt, reader, page);
    if (arguments.json) {
      fmt::print("{}\n", as_json(path, page, reading, class_names).dump());
    } else {
      if (arguments.pages.size() > 1) fmt::print("{}{}:\n", &path == &arguments.pages.front() ? "" : "\n", path);
      const std::string text = text_of(reading, class_names);
      if (!text.empty()) fmt::print("{}\n", text);
    }
    print_remarks(path, reading);
    if (!arguments.show.empty()) {
      write_png(arguments.show, picture_of(page, reading, class_names));
      fmt::print(stderr, "Written   {}\n", arguments.show);
    }
  }
}

}  // namespace

void add_read_command(CLI::App& app) {
  const auto arguments = std::make_shared<ReadArguments>();
  CLI::App* command = app.add_subcommand("read", "Read every digit of a page");
  command->add_option("MODEL", arguments->model, std::string(kModelHelp) + " (default: digits)")->type_name("");
  command->add_option("PAGE", arguments->pages, "Photos or scans, PNG or JPEG, of any size")->type_name("");
  command->add_option("--show", arguments->show, "Write the page with a box around every digit and what it was read as")
      ->type_name("FILE.png");
  command->add_flag("--json", arguments->json, "Print a JSON object a line for each page: text, boxes, probabilities");
  command->add_option("--isa", arguments->isa, "Instruction set, as for train")->type_name("NAME");
  command->footer(
      "The text has a line for each line of the page, from the top, a space for a wide\n"
      "gap, and ? for what is not a digit; remarks on stderr say why.\n"
      "In the picture of --show ~ marks digits of less than 90 %.\n\n"
      "Examples:\n"
      "  inkling read page.jpg\n"
      "  inkling read page.jpg --show read.png\n"
      "  inkling read runs/latest meter.png --json");
  command->callback([arguments] {
    take_default_model(arguments->model, arguments->pages);
    if (arguments->pages.empty()) throw CLI::ValidationError("PAGE", "expected a photo or scan, PNG or JPEG");
    if (!arguments->show.empty() && arguments->pages.size() > 1)
      throw CLI::ValidationError("--show", "expected one page, as there is one picture");
    run_read(*arguments);
  });
}
