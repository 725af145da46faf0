// The bundled font, in two weights, byte for byte, as read-only data of the program.
// inkling/report/text.cpp knows these names. Works for GNU as and clang on x86-64 and AArch64.

  .section .rodata

.macro embed name, file
  .global inkling_font_\name
  .type inkling_font_\name, %object
  .balign 16
inkling_font_\name:
  .incbin "\file"
.Lend_\name:
  .size inkling_font_\name, . - inkling_font_\name
  .global inkling_font_\name\()_size
  .type inkling_font_\name\()_size, %object
  .balign 8
inkling_font_\name\()_size:
  .quad .Lend_\name - inkling_font_\name
  .size inkling_font_\name\()_size, 8
.endm

  embed regular, "DejaVuSans.ttf"
  embed bold, "DejaVuSans-Bold.ttf"

  // The program needs no executable stack.
  .section .note.GNU-stack, "", %progbits
