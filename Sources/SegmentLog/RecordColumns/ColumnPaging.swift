// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// How the streams of a container come to pages.
struct ColumnPaging {
    /// Whether all streams share two pages, one of text and one of numbers, because each would be too short
    /// to pay for a page.
    var isSmall = false
    /// What text pages may refer to; nil for the phrases alone.
    var companion: PresetDictionary?

    /// Length from which a stream has a page of its own.
    var ownPageMinBytes: Int { isSmall ? 1 << 20 : ColumnSource.ownPageMinBytes }

    /// What a page of that style refers to.
    ///
    /// Making a dictionary known takes as long as compressing some ten thousand bytes, so in large blocks
    /// only what is likely to be found there gets one.
    func dictionary(for style: ColumnStreams.Style) -> PresetDictionary? {
        switch style {
        case .phrase: companion ?? .phrases
        case .text: isSmall ? companion ?? .phrases : nil
        case .varints, .plane: nil
        }
    }
}

extension ColumnStreams {
    /// The stored form: directory, then pages.
    func stored(_ deflater: ColumnDeflater, _ paging: ColumnPaging = ColumnPaging()) -> [UInt8] {
        var directory = ByteWriter()
        directory.varint(UInt64(paging.ownPageMinBytes))
        directory.varint(UInt64(description.bytes.count))
        directory.bytes.append(contentsOf: description.bytes)
        directory.varint(UInt64(streams.count))
        for stream in streams {
            directory.varint(UInt64(stream.range.count) << 1 | (stream.style.isNumbers ? 1 : 0))
        }
        var body: [UInt8] = []
        body.reserveCapacity(data.count / 2)
        func add(_ range: Range<Int>, _ bytes: [UInt8], _ style: Style) {
            let start = body.count
            deflater.append(bytes, range, style, paging, to: &body)
            directory.varint(UInt64(body.count - start))
            directory.write(CRC32C.masked(CRC32C.checksum(bytes.span, range)))
        }
        for stream in streams where stream.range.count >= paging.ownPageMinBytes {
            add(stream.range, data, stream.style)
        }
        for isNumbers in [false, true] {
            var shared: [UInt8] = []
            var isBegun = false
            let style: Style = isNumbers ? .varints : .phrase
            for stream in streams
            where stream.style.isNumbers == isNumbers && stream.range.count < paging.ownPageMinBytes {
                if shared.count >= ColumnSource.sharedPageSizeBytes {
                    add(shared.indices, shared, style)
                    shared.removeAll(keepingCapacity: true)
                }
                shared.append(data.span, stream.range)
                isBegun = true
            }
            if isBegun { add(shared.indices, shared, style) }
        }
        var packed: [UInt8] = []
        deflater.append(directory.bytes, directory.bytes.indices, .phrase, paging, to: &packed)
        var head = ByteWriter()
        head.write(ColumnSource.version)
        head.varint(UInt64(directory.bytes.count))
        head.varint(UInt64(packed.count))
        head.write(CRC32C.masked(CRC32C.checksum(directory.bytes)))
        return head.bytes + packed + body
    }
}
