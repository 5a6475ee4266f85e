// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

#include <stddef.h>
#include <stdint.h>

/// The instruction for CRC-32C of x86-64 processors (SSE4.2), which Swift has no name for. Decision 0046.
#if defined(__x86_64__)

#include <cpuid.h>

/// Whether this processor has the instruction.
static inline int crc32c_instruction_exists(void) {
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0;
}

/// The state after `words` times eight bytes; the instruction must exist.
__attribute__((target("sse4.2")))
static inline uint32_t crc32c_words(uint32_t state, const uint8_t *bytes, size_t words) {
    uint64_t crc = state;
    for (size_t index = 0; index < words; index++) {
        uint64_t word;
        __builtin_memcpy(&word, bytes + 8 * index, sizeof word);
        crc = __builtin_ia32_crc32di(crc, word);
    }
    return (uint32_t)crc;
}

#else

static inline int crc32c_instruction_exists(void) { return 0; }

static inline uint32_t crc32c_words(uint32_t state, const uint8_t *bytes, size_t words) { return state; }

#endif
