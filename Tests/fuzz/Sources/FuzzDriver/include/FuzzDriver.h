// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

/// What a package of Swift makes the program's `main`: hands over to libFuzzer.
int FuzzParsers_main(int argc, char **argv);

#endif
