// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

@testable import QueryEngine

/// Events for tests, and queries over them.
enum Fixture {
    /// 2026-03-14T06:30:00Z.
    static let now = UTCTime(nanoseconds: 1_773_469_800 * UTCTime.second)

    /// 0: a login; 1: a denied flow; 2: an update; 3: an undecoded line.
    static var batch: EventBatch {
        var batch = EventBatch()
        batch.decoders = ["none", "linux.sshd", "asa", "pump.vendor"]
        batch.extensionNames = ["ext.flow_id"]
        var login = Event(offset: Offset(10), time: now.advanced(by: -3_600 * UTCTime.second), logTime: now)
        login.eventClass = .access
        login.action = .login
        login.outcome = .success
        login.severity = 6
        login.decoder = 1
        batch.begin(login)
        batch.add(.hostName, "pacs-ws-07")
        batch.add(.userName, "jsmith-ad")
        batch.add(.sourceIP, "10.99.4.18")
        batch.add(.message, "Accepted password for jsmith-ad from 10.99.4.18: link down earlier")
        var deny = Event(offset: Offset(11), time: now.advanced(by: -1_800 * UTCTime.second), logTime: now)
        deny.eventClass = .network
        deny.action = .deny
        deny.outcome = .failure
        deny.severity = 4
        deny.decoder = 2
        deny.flags = [.witness]
        batch.begin(deny)
        batch.add(.hostName, "fw-core")
        batch.add(.sourceIP, "10.20.7.31")
        batch.add(.targetIP, "10.40.3.112")
        batch.add(.targetPort, "443")
        batch.add(.sourceZone, "imaging")
        batch.add(.targetZone, "infusion")
        batch.add(.networkBytes, "1500000")
        batch.add(FieldID(rawValue: FieldID.firstExtension), "88f1")
        var update = Event(offset: Offset(12), time: now, logTime: now)
        update.eventClass = .update
        update.action = .update
        update.decoder = 3
        update.issues = [.timeZoneAssumed, .clockCorrected]
        batch.begin(update)
        batch.add(.hostName, "infpump-3w-112")
        batch.add(.softwareFrom, "8.10.0")
        batch.add(.softwareTo, "8.9.0")
        batch.add(.userName, "biomed")
        batch.add(.userTarget, "biomed")
        var odd = Event(offset: Offset(13), time: now, logTime: now)
        odd.issues = [.undecoded]
        odd.severity = 2
        batch.begin(odd)
        batch.add(.message, "weird (thing) \"quoted\" 100% *star*")
        return batch
    }

    static func query(_ text: String) throws(QueryError) -> Query {
        try Query(text, context: Query.Context(now: now))
    }

    /// Numbers of the events of ``batch`` that match.
    static func matches(_ text: String, resolver: (any EntityResolver)? = nil) throws(QueryError) -> [Int] {
        let batch = batch
        let predicate = QueryPredicate(try query(text), for: batch, resolver: resolver)
        return batch.events.indices.filter { predicate.matches($0) }
    }
}
