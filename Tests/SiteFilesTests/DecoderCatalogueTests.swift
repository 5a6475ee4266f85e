// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import SiteFiles

@Suite struct DecoderCatalogueTests {
    @Test func `audit messages count among what is filled, each line by the decoder it stands for`() {
        let catalogue = DecoderCatalogue([])
        #expect(catalogue.entries.map(\.decoder) == ["dicom.atna", "fhir.auditevent"])
        #expect(catalogue.decoders(filling: "ext.media") == ["dicom.atna"])
        #expect(catalogue.decoders(filling: "ext.patient.token") == ["dicom.atna", "fhir.auditevent"])
        #expect(catalogue.decoders(filling: "ext.nothing") == [])
        let actions = catalogue.entries.map { Set($0.actions.map(\.action)) }
        #expect(actions == [[.login, .dataRead, .dataExport], [.breakglassStart]])
    }
}
