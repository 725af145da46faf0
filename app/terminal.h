// What the terminal at the other end can do: its size, its colours, its characters.
//
// Colours are used only on a terminal, and not where NO_COLOR is set (no-color.org) or TERM is "dumb". COLORTERM
// "truecolor" or "24bit" means all of them; TERM with "256color", or any COLORTERM, the 256 of xterm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// How many columns a text of UTF-8 takes: a Chinese character takes two.
std::size_t columns_of(std::string_view text);

enum class ColorLevel { plain, palette, truecolor };

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;

  bool operator==(const TerminalSize&) const = default;
};

// Of the terminal behind a file descriptor; 80x24 where it is none or does not say.
TerminalSize terminal_size(int descriptor);

// A terminal whose cursor can be moved: not TERM=dumb.
bool is_live_terminal(int descriptor);

// Of what is written to a file descriptor.
ColorLevel color_level(int descriptor);
// The same from the environment's texts, null where a variable is not set.
ColorLevel color_level(bool terminal, const char* no_color, const char* term, const char* color_term);

// False for the consoles whose fonts are known to lack Braille: the Linux console and old VT terminals.
bool has_braille(const char* term);

// The colour that the 256 of xterm have next to this one: its 24 greys for a grey, else its cube of 6x6x6.
std::size_t palette_index(std::uint8_t red, std::uint8_t green, std::uint8_t blue);

// Escape sequences that set the colour of what is written (ground: of what is behind it); nothing for plain.
std::string color_code(ColorLevel level, std::uint8_t red, std::uint8_t green, std::uint8_t blue, bool ground = false);
// The same for one of xterm's 256.
std::string palette_code(std::size_t index, bool ground = false);
