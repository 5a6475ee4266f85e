// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// An open file of this machine.
///
/// Owns its descriptor; closed when released.
final class POSIXFile: LogFile {
    let path: String
    private let descriptor: Int32

    init(path: String, flags: Int32) throws(StorageError) {
        self.path = path
        descriptor = repeatingInterrupted {
            // Valid: the text lives during the call. A pipe in the place of a file makes nobody wait.
            unsafe open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, POSIXStorage.fileMode)
        }
        guard descriptor >= 0 else { throw .last(.open, path) }
    }

    deinit {
        if descriptor >= 0 { _ = close(descriptor) }
    }

    func size() throws(StorageError) -> Int {
        var status = stat()
        // Valid: `status` outlives the call.
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last(.status, path) }
        return Int(status.st_size)
    }

    func writeSome(_ bytes: Span<UInt8>, at position: Int) throws(StorageError) -> Int {
        // Valid: the span bounds the buffer, which is only read during the call.
        let count = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe pwrite(descriptor, buffer.baseAddress, buffer.count, position)
        }
        guard count >= 0 else { throw .last(.write, path) }
        return count
    }

    func read(at position: Int, count: Int) throws(StorageError) -> [UInt8] {
        var code: Int32 = 0
        // Valid: at most `count` bytes of the fresh buffer are written, and `length` says how many.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
            while length < count, let base = buffer.baseAddress {
                let got = unsafe pread(descriptor, base + length, count - length, position + length)
                if got > 0 {
                    length += got
                } else if got == 0 {
                    break
                } else if errno != EINTR {
                    code = errno
                    break
                }
            }
        }
        guard code == 0 else { throw StorageError(.read, path, code) }
        return bytes
    }

    func synchronise() throws(StorageError) {
        // Interrupted is not failed: no error was met and told, and the same bytes are waited for again.
        guard repeatingInterrupted({ fdatasync(descriptor) }) == 0 else { throw .last(.synchronise, path) }
    }

    func truncate(to length: Int) throws(StorageError) {
        guard repeatingInterrupted({ ftruncate(descriptor, length) }) == 0 else {
            throw .last(.truncate, path)
        }
    }

    func preallocate(to length: Int) throws(StorageError) {
        var code = posix_fallocate(descriptor, 0, length)
        while code == EINTR { code = posix_fallocate(descriptor, 0, length) }
        guard code == 0 else { throw StorageError(.preallocate, path, code) }
    }
}

/// Makes a call again as long as a signal interrupts it: it has done nothing then.
func repeatingInterrupted(_ call: () -> Int32) -> Int32 {
    while true {
        let result = call()
        guard result < 0, errno == EINTR else { return result }
    }
}
