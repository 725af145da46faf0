// The bundled font, in two weights; inkling/report/text.cpp knows these names.
#include "data/embed.inc"

  embed inkling_font_regular, "DejaVuSans.ttf"
  embed inkling_font_bold, "DejaVuSans-Bold.ttf"
