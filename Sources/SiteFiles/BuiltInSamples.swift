// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Lines for the decoders that are no files, as the samples in decoder files are for theirs.
///
/// What an audit message says depends on who takes part in it and on what: these have an asset, a user, a
/// patient, a study and a medium.
enum BuiltInSamples {
    /// By the id of the decoder that takes them.
    static let lines: [(decoder: String, lines: [String])] = [
        ("dicom.atna", [export, login, read].map { head + $0 }),
        ("fhir.auditevent", [override]),
    ]

    private static let head = "<85>1 2026-10-05T04:00:00Z archive audit 9 IHE+RFC-3881 - "

    private static let source = #"<AuditSourceIdentification AuditSourceID="archive-1"/>"#

    private static let patient = #"""
        <ParticipantObjectIdentification ParticipantObjectID="MRN-4711" ParticipantObjectTypeCode="1" \#
        ParticipantObjectTypeCodeRole="1"><ParticipantObjectIDTypeCode csd-code="2" \#
        codeSystemName="RFC-3881"/></ParticipantObjectIdentification>
        """#

    private static let study = #"""
        <ParticipantObjectIdentification ParticipantObjectID="1.2.840.99.7" ParticipantObjectTypeCode="2" \#
        ParticipantObjectTypeCodeRole="3"><ParticipantObjectIDTypeCode csd-code="110180" \#
        codeSystemName="DCM"/></ParticipantObjectIdentification>
        """#

    private static let user = #"""
        <ActiveParticipant UserID="n.ito" UserIsRequestor="true" NetworkAccessPointID="10.4.0.9" \#
        NetworkAccessPointTypeCode="2"/>
        """#

    /// Pictures of a patient that were written to a medium.
    private static let export = #"""
        <AuditMessage><EventIdentification EventActionCode="R" EventDateTime="2026-10-05T04:00:00Z" \#
        EventOutcomeIndicator="0"><EventID csd-code="110106" codeSystemName="DCM"/></EventIdentification>\#
        \#(user)<ActiveParticipant UserID="stick" UserIsRequestor="false"><RoleIDCode csd-code="110154" \#
        codeSystemName="DCM"/><MediaIdentifier><MediaType csd-code="110030" codeSystemName="DCM"/>\#
        </MediaIdentifier></ActiveParticipant>\#(source)\#(study)\#(patient)</AuditMessage>
        """#

    private static let login = #"""
        <AuditMessage><EventIdentification EventActionCode="E" EventDateTime="2026-10-05T04:00:00Z" \#
        EventOutcomeIndicator="4"><EventID csd-code="110114" codeSystemName="DCM"/><EventTypeCode \#
        csd-code="110122" codeSystemName="DCM"/></EventIdentification>\#(user)\#(source)</AuditMessage>
        """#

    private static let read = #"""
        <AuditMessage><EventIdentification EventActionCode="R" EventDateTime="2026-10-05T04:00:00Z" \#
        EventOutcomeIndicator="0"><EventID csd-code="110103" codeSystemName="DCM"/></EventIdentification>\#
        \#(user)\#(source)\#(study)\#(patient)</AuditMessage>
        """#

    /// Emergency access in FHIR's form.
    private static let override = #"""
        {"resourceType":"AuditEvent","type":{"code":"110113"},"subtype":[{"code":"110127"}],"action":"E",\#
        "recorded":"2026-10-05T04:00:00Z","outcome":"0","agent":[{"who":{"reference":"Practitioner/ito"},\#
        "requestor":true,"network":{"address":"10.4.0.9","type":"2"}}],\#
        "source":{"observer":{"display":"archive-1"}},\#
        "entity":[{"what":{"reference":"Patient/4711"},"role":{"code":"1"}}]}
        """#
}
