// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Writes times of one form one after another; the date is made again only where it changes.
public struct StampWriter {
    /// Bytes after the start of a text that writing it may touch.
    public static let roomBytes = 48

    /// Bytes of the longest text.
    public static let textMaxBytes = 29

    private let form: StampForm
    private let unitsPerSecond: Int64
    /// The day whose date is known, counted as the form counts.
    private var day = Int64.min
    /// Text of its date, up to the hour.
    private var date: [UInt8] = []

    /// A writer of times of `form`.
    public init(_ form: StampForm) {
        self.form = form
        unitsPerSecond = form.unitsPerSecond
    }

    /// Writes the text of `value` and gives its length; nil when the form has no such time.
    ///
    /// There must be ``roomBytes`` at `position`; traps when there are not.
    public mutating func write(
        _ value: Int64,
        into target: inout MutableSpan<UInt8>,
        at position: Int
    ) -> Int? {
        guard value >= 0 else { return nil }
        let seconds = value / unitsPerSecond
        let day = seconds / 86_400
        if day != self.day {
            guard let found = date(day) else { return nil }
            (self.day, date) = (day, found)
        }
        let length = form.isModern ? 11 : 7
        target.copyWide(date.span, from: 0, length, to: position)
        target.store(StampWriter.clock(seconds - day * 86_400), at: position + length)
        let digits = form.fractionDigits
        guard digits > 0 else { return length + 8 }
        target.store(0x2e, at: position + 19)
        let fraction = UInt64(value - seconds * unitsPerSecond)
        return 20 + DecimalText.write(fraction, digits: digits, into: &target, at: position + 20)
    }

    /// `hh:mm:ss` of seconds of a day, the first byte lowest.
    public static func clock(_ seconds: Int64) -> UInt64 {
        let hour = UInt64(seconds) / 3_600
        let minute = UInt64(seconds) / 60 - hour * 60
        let second = UInt64(seconds) % 60
        // Tens and ones of each, beside one another, with the colons between.
        let numbers = hour | minute << 24 | second << 48
        let tens = ((numbers &* 103) >> 10) & 0x000f_0000_0f00_000f
        return tens | (numbers &- tens &* 10) << 8 | 0x3030_3a30_303a_3030
    }

    /// The text of a day's date and what follows up to the hour, with room to copy sixteen bytes; nil if the
    /// form has no such day.
    private func date(_ day: Int64) -> [UInt8]? {
        var text: [UInt8] = []
        let (value, isOverflow) = (day * 86_400).multipliedReportingOverflow(by: unitsPerSecond)
        guard !isOverflow, form.write(value, to: &text) else { return nil }
        return Array(text.prefix(form.isModern ? 11 : 7)) + [UInt8](repeating: 0, count: 16)
    }
}
