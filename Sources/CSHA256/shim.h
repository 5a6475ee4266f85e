// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

#include <stddef.h>
#include <stdint.h>

/// The compression function of SHA-256 over whole blocks of 64 bytes by the library inside swift-crypto, which does not
/// export it. The digest of `Crypto` allocates a context for each hash. Decision 0019 says when to remove this.
void CCryptoBoringSSL_SHA256_TransformBlocks(uint32_t state[8], const uint8_t *data, size_t num_blocks);
