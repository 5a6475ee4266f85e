// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Options of the C allocator, which the Glibc module leaves out.
#include <malloc.h>
