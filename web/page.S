// The page's script and style sheet as read-only data of the program; inkling/report/page.cpp knows these names.
// Works for GNU as and clang on x86-64 and AArch64.

  .section .rodata

.macro embed name, file
  .global inkling_page_\name
  .type inkling_page_\name, %object
  .balign 16
inkling_page_\name:
  .incbin "\file"
.Lend_\name:
  .size inkling_page_\name, . - inkling_page_\name
  .global inkling_page_\name\()_size
  .type inkling_page_\name\()_size, %object
  .balign 8
inkling_page_\name\()_size:
  .quad .Lend_\name - inkling_page_\name
  .size inkling_page_\name\()_size, 8
.endm

  embed script, "report.js"
  embed style, "report.css"

  // The program needs no executable stack.
  .section .note.GNU-stack, "", %progbits
