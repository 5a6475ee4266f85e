// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@Suite struct DecimalTextTests {
    private func text(_ number: UInt64, _ digits: Int) -> String {
        var bytes = [UInt8](repeating: 0, count: 64)
        var target = bytes.mutableSpan
        let length = DecimalText.write(number, digits: digits, into: &target, at: 3)
        return String(decoding: bytes[3..<3 + length], as: UTF8.self)
    }

    @Test func `numbers are written as Swift writes them, with zeros before them`() {
        var numbers: [UInt64] = [0, 1, 9_223_372_036_854_775_807]
        var power: UInt64 = 1
        for _ in 0..<19 {
            numbers += [power - 1, power, power + 1, power * 7 / 3]
            power = power &* 10
        }
        for number in numbers where number <= UInt64(Int64.max) {
            let plain = "\(number)"
            #expect(text(number, 0) == plain)
            for digits in [1, 4, 8, 9, 16, 17, 19] {
                let zeros = String(repeating: "0", count: max(0, digits - plain.count))
                #expect(text(number, digits) == zeros + plain)
            }
        }
    }

    @Test func `times are written as their form writes them alone`() {
        let forms = (0...255).compactMap { StampForm(rawValue: UInt8($0)) }
        for form in forms {
            var writer = StampWriter(form)
            for seconds in [0, 59, 86_399, 86_400, 100_000, 951_782_400, 1_790_000_000, 7_258_118_400]
                as [Int64]
            {
                for value in [
                    seconds * form.unitsPerSecond, (seconds + 1) * form.unitsPerSecond - 1, -seconds,
                ] {
                    var alone: [UInt8] = []
                    let isWritten = form.write(value, to: &alone)
                    var bytes = [UInt8](repeating: 0, count: 64)
                    var target = bytes.mutableSpan
                    let length = writer.write(value, into: &target, at: 0)
                    #expect((length != nil) == isWritten, "\(form.rawValue) \(value)")
                    if let length { #expect(Array(bytes[..<length]) == alone) }
                }
            }
        }
    }
}
