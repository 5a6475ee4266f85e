// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
public import Timelines
import WireFormats

extension IncidentAct.HoldsMark {
    /// The mark of a file of holds with these bytes.
    public init(of bytes: [UInt8]) {
        self.init(size: bytes.count, sha256: Digests.sha256(bytes).hexadecimal)
    }

    /// The mark that a record keeps; nil for any other record.
    public init?(_ kind: RecordKind, _ bytes: [UInt8]) {
        guard kind == .act, let object = try? JSONValue(parsing: bytes.span),
            let mark = IncidentAct(object, at: .zero)?.holds
        else { return nil }
        self = mark
    }

    /// Whether the file still begins with what it was: notes are only ever appended.
    public func isKept(in bytes: [UInt8]) -> Bool {
        bytes.count >= size && Self(of: Array(bytes.prefix(size))) == self
    }
}
