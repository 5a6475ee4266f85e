// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// Names of the transport protocols that firewalls give as numbers, so that all witnesses call them the same.
///
/// Source: the IANA registry of assigned internet protocol numbers.
enum ProtocolNumbers {
    private static let names: [Int: [UInt8]] = [
        1: Array("icmp".utf8), 2: Array("igmp".utf8), 6: Array("tcp".utf8), 17: Array("udp".utf8),
        47: Array("gre".utf8), 50: Array("esp".utf8), 51: Array("ah".utf8), 58: Array("icmp6".utf8),
        132: Array("sctp".utf8),
    ]

    /// The name of the number at `range`; nil if it is no number or not listed.
    static func name(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
        guard (1...3).contains(range.count) else { return nil }
        var value = 0
        for index in range {
            guard bytes[index].isDigit else { return nil }
            value = value * 10 + Int(bytes[index] - 0x30)
        }
        return names[value]
    }
}
