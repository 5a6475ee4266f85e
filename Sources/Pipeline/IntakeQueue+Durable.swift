// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

extension IntakeQueue {
    /// Waits until all records given so far are durable, for whoever answers a sender then.
    ///
    /// - Returns: The first offset after them.
    /// - Throws: What made the log refuse; nothing is known to be durable in that case.
    public func synchronise() throws(WardlineError) -> Offset {
        let receipt = IntakeReceipt()
        guard put(.durable(receipt)) else {
            throw WardlineError(.storage, "The store is closing and takes no more records.")
        }
        return try receipt.wait()
    }
}
