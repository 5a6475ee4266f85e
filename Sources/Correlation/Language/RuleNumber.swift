// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A number of a rule or an event: exact while both sides are 64-bit integers, else a double.
struct RuleNumber: Hashable, Sendable {
    private let integer: Int64?
    /// The number as a double, the nearest one for large integers.
    let double: Double

    /// Reads a decimal number: sign, digits, fraction, exponent; nil for anything else, blanks included.
    init?(_ bytes: [UInt8]) {
        if let whole = RuleNumber.whole(bytes.span) {
            self.init(exactly: whole)
        } else {
            self.init(fraction: bytes)
        }
    }

    /// Reads a decimal number as above; what cannot be one costs nothing.
    init?(_ value: Span<UInt8>) {
        guard !value.isEmpty, value.count <= 64, value[0] <= 0x39 else { return nil }
        if let whole = RuleNumber.whole(value) {
            self.init(exactly: whole)
        } else {
            guard let last = value.indices.last, RuleNumber.mayEnd(value[last]) else { return nil }
            self.init(fraction: value.copied)
        }
    }

    private init?(fraction bytes: [UInt8]) {
        // The longest double in use has some 25 characters; longer text is no number that a device wrote.
        guard let last = bytes.last, bytes.count <= 64, RuleNumber.mayEnd(last) else {
            return nil
        }
        var hasDigits = false
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case 0x30...0x39: hasDigits = true
            case 0x2b, 0x2d:
                guard index == 0 || bytes[index - 1] | 0x20 == 0x65 else { return nil }
            case 0x2e: break
            case 0x45, 0x65:
                guard hasDigits else { return nil }
            default: return nil
            }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard hasDigits, let number = Double(text.hasSuffix(".") ? text + "0" : text) else { return nil }
        double = number
        integer = Int64(text) ?? Int64(exactly: number)
    }

    /// A number of a rule file, with its text.
    init(_ value: Double, _ text: String) {
        double = value
        integer = Int64(text) ?? Int64(exactly: value)
    }

    /// A whole number.
    init(_ value: Int) { self.init(exactly: Int64(value)) }

    private init(exactly value: Int64) {
        double = Double(value)
        integer = value
    }

    /// Up to 18 digits with or without a minus: what nearly every number of an event is.
    private static func whole(_ bytes: Span<UInt8>) -> Int64? {
        let isNegative = !bytes.isEmpty && bytes[0] == 0x2d
        let digits = (isNegative ? 1 : 0)..<bytes.count
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        var value: Int64 = 0
        for index in digits {
            guard isDigit(bytes[index]) else { return nil }
            value = value * 10 + Int64(bytes[index] - 0x30)
        }
        return isNegative ? -value : value
    }

    /// Whether the text of a fraction may end so.
    private static func mayEnd(_ byte: UInt8) -> Bool { isDigit(byte) || byte == 0x2e }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    static func == (left: RuleNumber, right: RuleNumber) -> Bool {
        guard let first = left.integer, let second = right.integer else { return left.double == right.double }
        return first == second
    }

    func hash(into hasher: inout Hasher) { hasher.combine(double) }

    static func < (left: RuleNumber, right: RuleNumber) -> Bool {
        guard let first = left.integer, let second = right.integer else { return left.double < right.double }
        return first < second
    }
}

/// How a number of an event is compared with the rule's.
enum Comparison: String, Sendable, CaseIterable {
    case lessThan = "lt"
    case lessOrEqual = "lte"
    case greaterThan = "gt"
    case greaterOrEqual = "gte"
    case equal = "eq"
    case notEqual = "neq"

    func holds(_ left: RuleNumber, _ right: RuleNumber) -> Bool {
        switch self {
        case .lessThan: left < right
        case .lessOrEqual: left < right || left == right
        case .greaterThan: right < left
        case .greaterOrEqual: right < left || left == right
        case .equal: left == right
        case .notEqual: left != right
        }
    }
}
