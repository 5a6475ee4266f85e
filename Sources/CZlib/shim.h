// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.
// System zlib; the module map links it. Package: zlib1g-dev.
#include <zlib.h>
