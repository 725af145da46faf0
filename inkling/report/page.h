// A page of HTML that is complete in itself: style, script and data stand in it, and its policy lets the browser fetch
// nothing.
//
// The data cannot end their script element, whatever texts they hold, and only the script and the style that the page
// was made with are run: the policy names their SHA-256. The invariant: equal parts make equal bytes.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace inkling {

// What the browser runs: web/ as Vite built it.
struct PageCode {
  std::string_view script;
  std::string_view style;
};

// Those that are part of the program. Throws Error config where it was built without them; says what to install.
PageCode built_page();

// Bytes of data that are not UTF-8 become U+FFFD; NaN becomes null.
std::string html_page(const PageCode& code, std::string_view title, const nlohmann::ordered_json& data);

}  // namespace inkling
