// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// Answers of one RELP connection in the order of its commands: those to records wait until these are
/// durable.
struct RelpReplies {
    private enum Reply {
        case durable(Int)
        case ready([UInt8])
    }

    private var replies: [Reply] = []
    private var head = 0
    /// Records that are durable and not answered yet.
    private var durableCount = 0

    /// Whether the peer asked for the end.
    private(set) var isClosing = false

    /// Records that are not answered yet.
    private(set) var waitingCount = 0

    /// Whether everything is answered.
    var isEmpty: Bool { head == replies.count }

    mutating func add(_ steps: [RelpReader.Step]) {
        for step in steps {
            if step.kind == .close { isClosing = true }
            if let answer = RelpAnswer.ready(step) {
                replies.append(.ready(answer))
            } else {
                replies.append(.durable(step.number))
                waitingCount += 1
            }
        }
    }

    /// The oldest `count` records that wait are durable.
    mutating func confirm(_ count: Int) { durableCount += count }

    /// What can be sent now.
    mutating func take() -> [UInt8] {
        var bytes: [UInt8] = []
        loop: while head < replies.count {
            switch replies[head] {
            case .ready(let answer): bytes += answer
            case .durable(let number):
                guard durableCount > 0 else { break loop }
                durableCount -= 1
                waitingCount -= 1
                bytes += RelpAnswer.durable(number)
            }
            head += 1
        }
        if head * 2 >= replies.count {
            replies.removeFirst(head)
            head = 0
        }
        return bytes
    }
}
