// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import CMalloc

/// How the C allocator keeps memory of a process that works in batches.
public enum MemoryPolicy {
    /// Buffers from this size on go back to the system when freed; smaller ones serve again.
    private static let mapThresholdBytes: Int32 = 16 * 1_048_576
    /// Free memory at the top of the heap that is kept.
    private static let trimThresholdBytes: Int32 = 64 * 1_048_576

    /// Gives large buffers back at once instead of keeping them for later.
    ///
    /// Call before threads start.
    public static func releaseLargeBuffers() {
        // For later allocations; a refusal leaves the defaults, which only cost memory.
        _ = mallopt(M_MMAP_THRESHOLD, mapThresholdBytes)
        _ = mallopt(M_TRIM_THRESHOLD, trimThresholdBytes)
    }
}
