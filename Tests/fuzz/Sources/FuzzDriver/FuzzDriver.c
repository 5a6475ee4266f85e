// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

#include "FuzzDriver.h"

#include <stddef.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const unsigned char *, size_t));
int LLVMFuzzerTestOneInput(const unsigned char *start, size_t count);

// `swift build` links an executable with `main` defined as `TARGET_main`, which hides the `main` of libFuzzer.
int FuzzParsers_main(int argc, char **argv) {
    return LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput);
}
