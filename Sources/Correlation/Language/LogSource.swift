// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Whether an event can come from the product that a rule's log source names.
///
/// Only what is known on both sides rules anything out: a decoder for lines of one product, and a product
/// that has a name in public rule sets. Rules without a product pass, and events of general decoders: those
/// must only have a field that the rule reads (``RuleGate``).
enum LogSource {
    /// Products by the first parts of a decoder's id, which end at a dot or at its end;
    /// `schemas/sigma-taxonomy.yaml` is written from it.
    static let families: [String: Set<String>] = [
        "linux": ["linux"], "sshd": ["linux"], "dropbear": ["linux"], "sudo": ["linux"], "pam": ["linux"],
        "vsftpd": ["linux"], "clamav": ["linux"], "apt": ["linux"], "dpkg": ["linux"], "yum": ["linux"],
        "cisco": ["cisco"], "fortinet": ["fortigate", "fortios", "fortinet"],
        "cef.fortigate": ["fortigate", "fortios", "fortinet"], "paloalto": ["paloalto"],
        "juniper": ["juniper"], "windows": ["windows"], "microsoft.entra": ["azure", "m365"],
        "zeek": ["zeek"], "suricata": ["suricata"], "okta": ["okta"], "onelogin": ["onelogin"],
        "checkpoint": ["checkpoint"], "mikrotik": ["mikrotik"], "sonicwall": ["sonicwall"],
        "qualys": ["qualys"], "pf": ["pfsense", "opnsense"],
    ]

    /// Products that public rule sets name, ours and those that no decoder here reads.
    static let products: Set<String> = families.values.reduce(
        into: [
            "macos", "aws", "gcp", "opencanary", "rpc_firewall", "kubernetes", "github", "bitbucket",
            "huawei",
        ]
    ) { $0.formUnion($1) }

    /// Whether a rule for `product` may match events of the decoder with that id.
    static func mayHold(product: String?, decoder: String) -> Bool {
        guard let product = product?.lowercased(), products.contains(product) else { return true }
        guard let known = products(of: decoder) else { return true }
        return known.contains(product)
    }

    /// Whether a decoder is known to read lines of `product`, in lower case.
    static func holds(product: String, decoder: String) -> Bool {
        products(of: decoder)?.contains(product) ?? false
    }

    /// The decoders of which events a rule for `product` may match; nil for any.
    static func decoders(product: String?) -> RowCondition.Decoders? {
        guard let product = product?.lowercased(), products.contains(product) else { return nil }
        var found = RowCondition.Decoders()
        for (family, known) in families {
            if known.contains(product) { found.in.append(family) } else { found.out.append(family) }
        }
        found.in.sort()
        found.out.sort()
        return found
    }

    /// Products whose lines a decoder reads; nil if it reads those of many.
    private static func products(of decoder: String) -> Set<String>? {
        let parts = decoder.split(separator: ".")
        for count in stride(from: parts.count, to: 0, by: -1) {
            if let found = families[parts.prefix(count).joined(separator: ".")] { return found }
        }
        return nil
    }
}
