// The bundled sample's four files, byte for byte, as read-only data of the program.
// inkling/data/sample.cpp knows these names. Works for GNU as and clang on x86-64 and AArch64.

  .section .rodata

.macro embed name, file
  .global inkling_sample_\name
  .type inkling_sample_\name, %object
  .balign 16
inkling_sample_\name:
  .incbin "\file"
.Lend_\name:
  .size inkling_sample_\name, . - inkling_sample_\name
  .global inkling_sample_\name\()_size
  .type inkling_sample_\name\()_size, %object
  .balign 8
inkling_sample_\name\()_size:
  .quad .Lend_\name - inkling_sample_\name
  .size inkling_sample_\name\()_size, 8
.endm

  embed train_images, "train-images-idx3-ubyte.gz"
  embed train_labels, "train-labels-idx1-ubyte.gz"
  embed test_images, "t10k-images-idx3-ubyte.gz"
  embed test_labels, "t10k-labels-idx1-ubyte.gz"

  // The program needs no executable stack.
  .section .note.GNU-stack, "", %progbits
