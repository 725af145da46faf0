#include "inkling/report/page.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/data/checksum.h"
#include "inkling/report/base64.h"

#ifdef INKLING_HAVE_WEB
extern "C" const char inkling_page_script[], inkling_page_style[];
extern "C" const std::uint64_t inkling_page_script_size, inkling_page_style_size;
#endif

namespace inkling {
namespace {

// The text of a script or style element must not hold its end tag; Vite's output and ours do not, and it is made sure.
void check_element(std::string_view text, std::string_view end_tag) {
  if (text.find(end_tag) != text.npos) fail(ErrorKind::format, "the page's code holds {}, which would end it", end_tag);
}

// 'sha256-...' as a Content-Security-Policy names what may run.
std::string policy_source(std::string_view text) {
  const std::string hex = sha256({std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size())});
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  return fmt::format("'sha256-{}'", base64(bytes));
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      default: result += c;
    }
  return result;
}

// JSON in which no '<' stands: neither "</script" nor "<!--" can.
std::string harmless_json(const nlohmann::ordered_json& data) {
  const std::string text = data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string result;
  result.reserve(text.size());
  for (const char c : text)
    if (c == '<')
      result += "\\u003c";
    else
      result += c;
  return result;
}

// As nlohmann::json replaces what is no UTF-8.
std::string valid_utf8(std::string_view text) {
  const nlohmann::json value = std::string(text);
  return nlohmann::json::parse(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)).get<std::string>();
}

}  // namespace

PageCode built_page() {
#ifdef INKLING_HAVE_WEB
  return {.script = {inkling_page_script, inkling_page_script_size},
          .style = {inkling_page_style, inkling_page_style_size}};
#else
  fail(ErrorKind::config,
       "this inkling was built without the report's page: './run report' installs Node.js and npm and builds it; by "
       "hand "
       "install Debian's nodejs and npm, then: cmake -DINKLING_WEB=ON, and build");
#endif
}

std::string html_page(const PageCode& code, std::string_view title, const nlohmann::ordered_json& data) {
  check_element(code.script, "</script");
  check_element(code.style, "</style");
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src {}; style-src {}; "
      "img-src data:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<link rel=\"icon\" href=\"data:,\">\n"
      "<style>{}</style>\n</head>\n<body>\n<div id=\"report\"><noscript>This page draws itself with JavaScript, which "
      "is "
      "switched off here. It fetches nothing.</noscript></div>\n"
      "<script type=\"application/json\" id=\"report-data\">{}</script>\n<script>{}</script>\n</body>\n</html>\n",
      policy_source(code.script), policy_source(code.style), escaped(valid_utf8(title)), code.style,
      harmless_json(data), code.script);
}

}  // namespace inkling
