// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

#include <stddef.h>
#include <stdint.h>

/// SHA-256 of a whole buffer by the library inside swift-crypto, which does not export it: its state lies on the
/// stack, where the digest of `Crypto` allocates one for each hash. Decision 0019 says when to remove this.
uint8_t *CCryptoBoringSSL_SHA256(const uint8_t *data, size_t length, uint8_t digest[32]);
