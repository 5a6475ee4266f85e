// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Compressors that serve from page to page: one for text, one for bytes of numbers.
///
/// Owned by the thread that encodes blocks. Setting up a compressor costs more than a small page, so they are
/// reset instead.
struct ColumnDeflater {
    private let text: DeflateStream
    private let plane: DeflateStream
    /// For all pages without a dictionary, where the machine has it and it is wanted.
    private let fast: LibdeflateStream?
    private let fastSmall: LibdeflateStream?
    /// For all pages of small blocks.
    private let small = DeflateStream(level: 9)

    init(_ effort: BlockEffort, _ library: DeflateLibrary = .auto) {
        text = DeflateStream(level: effort.textLevel)
        plane = DeflateStream(level: effort.planeLevel)
        fast = library == .zlib ? nil : LibdeflateStream(level: effort.libdeflateLevel)
        fastSmall = library == .zlib ? nil : LibdeflateStream(level: BlockEffort.archive.libdeflateLevel)
    }

    /// Appends `range` of `bytes`, compressed in the zlib format if that is smaller.
    func append(
        _ bytes: [UInt8],
        _ range: Range<Int>,
        _ style: ColumnStreams.Style,
        _ paging: ColumnPaging,
        to output: inout [UInt8]
    ) {
        let length = range.count
        guard length > 16, style != .plane || !ColumnDeflater.isRandom(bytes, range) else {
            output.append(bytes.span, range)
            return
        }
        // libdeflate knows no dictionaries, and in long pages they are worth little.
        let isLong = fast != nil && !paging.isSmall && length >= ColumnDeflater.dictionarySizeMaxBytes
        let dictionary = isLong ? nil : paging.dictionary(for: style)
        if let fast = paging.isSmall ? fastSmall : fast, dictionary == nil {
            if !fast.append(bytes, range, to: &output) { output.append(bytes.span, range) }
            return
        }
        let stream = paging.isSmall ? small : style == .plane ? plane : text
        if !stream.append(bytes, range, dictionary: dictionary, to: &output) {
            output.append(bytes.span, range)
        }
    }

    /// Pages from this length on go without a dictionary where libdeflate writes.
    private static let dictionarySizeMaxBytes = 8_192

    /// Whether the bytes occur about equally often, so that compressing them is in vain.
    private static func isRandom(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        guard range.count >= 1_024 else { return false }
        var counts = [Int](repeating: 0, count: 256)
        for index in range { counts[Int(bytes[index])] += 1 }
        // 0.08 bits of each byte are what the code table and the approximation may hide.
        return ColumnCost.entropy(counts.span, of: range.count) > range.count * 8 - range.count / 12 - 2_048
    }
}
