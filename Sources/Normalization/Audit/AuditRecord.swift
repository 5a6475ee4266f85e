// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// A record of the Linux audit log that the kernel writes with others for one cause:
/// `type=PATH msg=audit(TIME:SERIAL): item=0 name=...`.
///
/// Records of programs (`USER_LOGIN`, `SERVICE_START`) always stand alone and are none of these.
///
/// Source: linux `include/uapi/linux/audit.h`, and `kernel/auditsc.c` for their order.
struct AuditRecord {
    /// What it is among the records of its serial.
    enum Part {
        /// The system call, which the others belong to.
        case call
        /// A fact of its own that the system call may follow: a denial, a change of rules.
        case lead
        /// One more thing about the system call.
        case follower
        /// The words of the command, in place of the arguments of the call.
        case command
        /// The last record but for the mark of the end.
        case title
        /// The mark of the end.
        case end
    }

    var part: Part
    /// `TIME:SERIAL`.
    var id: Range<Int>
    /// The pairs behind it.
    var fields: Range<Int>

    /// Bytes of a body in which the serial begins: node and type stand before it.
    private static let searchMaxBytes = 160

    private static let typeMark = Array("type=".utf8)
    private static let serialMark = Array("audit(".utf8)
    private static let starts = ["type=", "node=", "audit: type="].map { Array($0.utf8) }

    /// The record in `body`; nil if it is another or none.
    init?(_ bytes: Span<UInt8>, _ body: Range<Int>) {
        guard AuditRecord.starts.contains(where: { AuditRecord.stands($0, bytes, body) }) else { return nil }
        let head = body.lowerBound..<min(body.upperBound, body.lowerBound + AuditRecord.searchMaxBytes)
        guard let type = ByteSearch.first(of: AuditRecord.typeMark.span, bytes, head) else { return nil }
        let name = type + AuditRecord.typeMark.count
        var end = name
        while end < head.upperBound, bytes[end].isWordByte { end += 1 }
        guard let number = AuditRecord.types.number(bytes, name..<end),
            let mark = ByteSearch.first(of: AuditRecord.serialMark.span, bytes, end..<head.upperBound)
        else { return nil }
        let first = mark + AuditRecord.serialMark.count
        var close = first
        while close < body.upperBound, bytes[close].isDigit || bytes[close] == 0x2e || bytes[close] == 0x3a {
            close += 1
        }
        guard close > first, close < body.upperBound, bytes[close] == 0x29 else { return nil }
        id = first..<close
        close += 1
        while close < body.upperBound, bytes[close] == 0x3a || bytes[close].isBlank { close += 1 }
        fields = close..<body.upperBound
        part = AuditRecord.parts[number]
    }

    private static func stands(_ text: [UInt8], _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count >= text.count && ByteSearch.isEqual(bytes, range.lowerBound, text.span, 0, text.count)
    }

    /// Types by name and by number, which is what stands where no dictionary was at hand.
    private static let known: [(names: [String], part: Part)] = [
        (["SYSCALL", "1300", "URINGOP", "1336"], .call), (["EXECVE", "1309"], .command),
        (["PROCTITLE", "1327"], .title), (["EOE", "1320"], .end),
        (
            [
                "PATH", "1302", "IPC", "1303", "SOCKETCALL", "1304", "SOCKADDR", "1306", "CWD", "1307",
                "IPC_SET_PERM", "1311", "MQ_OPEN", "1312", "MQ_SENDRECV", "1313", "MQ_NOTIFY", "1314",
                "MQ_GETSETATTR", "1315", "FD_PAIR", "1317", "OBJ_PID", "1318", "BPRM_FCAPS", "1321",
                "CAPSET", "1322", "MMAP", "1323", "KERN_MODULE", "1330", "OPENAT2", "1337", "AVC_PATH",
                "1402",
            ], .follower
        ),
        (
            [
                "AVC", "1400", "SELINUX_ERR", "1401", "MAC_POLICY_LOAD", "1403", "MAC_STATUS", "1404",
                "MAC_CONFIG_CHANGE", "1405", "LOGIN", "1006", "CONFIG_CHANGE", "1305", "NETFILTER_CFG",
                "1325", "SECCOMP", "1326", "FEATURE_CHANGE", "1328", "FANOTIFY", "1331", "TIME_INJOFFSET",
                "1332", "TIME_ADJNTPVAL", "1333", "BPF", "1334", "ANOM_PROMISCUOUS", "1700", "ANOM_LINK",
                "1702", "ANOM_CREAT", "1703",
            ], .lead
        ),
    ]
    private static let types = NameTable(known.flatMap(\.names))
    private static let parts = known.flatMap { entry in entry.names.map { _ in entry.part } }
}
