// The page's script and style sheet; inkling/report/page.cpp knows these names.
#include "data/embed.inc"

  embed inkling_page_script, "report.js"
  embed inkling_page_style, "report.css"
