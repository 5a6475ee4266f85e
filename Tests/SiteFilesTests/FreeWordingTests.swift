// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

/// What is found in sentences that no decoder knows, and what is not.
struct FreeWordingTests {
    private static func event(_ text: String) -> EventBatch {
        DecoderFixtures.decode("<13>1 2026-10-05T04:00:00Z scope9 app9 - - - " + text)
    }

    @Test(arguments: [
        "User is trying to log in", "login denied by policy 7", "Session closed by remote host",
        "user name or password is wrong", "User account locked", "user not found", "User password expired",
        "user session timed out", "no user logged in", "access by unauthorized user", "user : ",
        "audit trail was cleared by the operator",
    ]) func `a word of the sentence is no user`(_ text: String) {
        #expect(Self.event(text).text(.userName, in: 0) == nil, "\(text)")
    }

    /// What looks like the above and names somebody.
    @Test(arguments: [
        ("user admin logged in from 10.0.0.9", "admin"), ("Configuration changed by m.weber", "m.weber"),
        ("User account locked for user kiosk1", "kiosk1"), ("Login failed for user root", "root"),
        ("user 'ada' is trying to log in", "ada"), ("audit trail was cleared by operator", "operator"),
        ("user=remote action=login", "remote"),
    ]) func `who is named is found`(_ text: String, _ user: String) {
        #expect(Self.event(text).text(.userName, in: 0) == user, "\(text)")
    }

    @Test(arguments: [
        ("password of nurse7 was not changed", Action.other, Outcome.failure),
        ("no malware found in 7 files", .statusReport, .unknown),
        ("login of ada was unsuccessful", .login, .failure), ("upgrade could not be done", .update, .failure),
    ]) func `what did not happen is no success`(_ text: String, _ action: Action, _ outcome: Outcome) {
        let event = Self.event(text).events[0]
        #expect(event.outcome == outcome, "\(text)")
        #expect(event.action == action, "\(text)")
    }

    /// Elements of arrays that give a name and a value, in the notations of several tools.
    @Test(arguments: [
        #"{"Name":"TargetUserName","Value":"ada"}"#, ##"{"@Name":"TargetUserName","#text":"ada"}"##,
        #"{"name":"TargetUserName","content":"ada","type":"string"}"#,
    ]) func `a named value in an array of JSON counts as a field`(_ element: String) throws {
        let line =
            #"{"System":{"EventID":4634,"Channel":"Security","Computer":"ws-45"},"#
            + #""EventData":{"Data":[\#(element),{"Name":"Other","Value":"x"}]}}"#
        let events = DecoderFixtures.decode(line)
        #expect(events.text(.userName, in: 0) == "ada")
        let other = try #require(events.field(named: "ext.EventData.Data.Other"))
        #expect(events.text(other, in: 0) == "x")
    }
}
