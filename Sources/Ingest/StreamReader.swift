// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// How the bytes of a connection become records.
enum StreamReader {
    /// Counted frames, delimited frames or lines.
    case frames(ConnectionFramer)
    /// RELP commands, which are answered.
    case relp(RelpReader)

    /// Bytes held of a frame that is not complete.
    var carriedBytes: Int {
        switch self {
        case .frames(let framer): framer.carriedBytes
        case .relp(let reader): reader.carriedBytes
        }
    }

    /// Bytes skipped between frames since the last frame.
    var fillerCount: Int {
        if case .frames(let framer) = self { framer.fillerCount } else { 0 }
    }

    /// Whether the start of a frame is held that could be a count or text.
    var isUndecided: Bool {
        if case .frames(let framer) = self { framer.isUndecided } else { false }
    }

    /// Changes the cap for what follows.
    mutating func limit(sizeMaxBytes: Int) {
        switch self {
        case .frames(var framer):
            guard framer.sizeMaxBytes != sizeMaxBytes else { return }
            framer.sizeMaxBytes = sizeMaxBytes
            self = .frames(framer)
        case .relp(var reader):
            guard reader.sizeMaxBytes != sizeMaxBytes else { return }
            reader.sizeMaxBytes = sizeMaxBytes
            self = .relp(reader)
        }
    }

    /// Takes bytes, appends records, and says what is to be answered.
    mutating func feed(_ bytes: Span<UInt8>, into target: inout FrameTarget) -> [RelpReader.Step] {
        switch self {
        case .frames(var framer):
            // Taken out while it changes: two owners would copy what is carried.
            self = .relp(RelpReader(sizeMaxBytes: 0))
            framer.feed(bytes, into: &target)
            self = .frames(framer)
            return []
        case .relp(var reader):
            self = .relp(RelpReader(sizeMaxBytes: 0))
            let steps = reader.feed(bytes, into: &target)
            self = .relp(reader)
            return steps
        }
    }

    /// Nothing came for a while: an undecided start is text.
    mutating func settleUndecided() {
        guard case .frames(var framer) = self else { return }
        framer.settleUndecided()
        self = .frames(framer)
    }

    /// The connection ended.
    ///
    /// What is held of a frame becomes a record, but not of RELP: its sender was not answered and sends it
    /// again.
    mutating func finish(into target: inout FrameTarget) {
        guard case .frames(var framer) = self else { return }
        framer.finish(into: &target)
        self = .frames(framer)
    }
}
