// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Our decoders for what those of Wazuh with another name decode.
enum WazuhDecoders {
    /// Names that only say in what form a line is, which ours need not be told.
    static let forms: Set<String> = ["json"]

    private static let table: [String: [String]] = [
        "apache-errorlog": ["web.error"], "auditd": ["linux.auditd", "linux.auditd.words"],
        "checkpoint-smart1": ["checkpoint", "checkpoint.*"],
        "checkpoint-syslog": ["checkpoint", "checkpoint.*"],
        "cisco-asa": ["cisco.asa", "cisco.asa.words"], "cisco-ftd": ["cisco.asa", "cisco.firepower"],
        "cisco-ios": ["cisco.ios"], "clamd": ["clamav"], "dhcpd": ["dhcp"], "dovecot": ["mail"],
        "dovecot-info": ["mail"], "dpkg-decoder": ["dpkg"], "eset-bsd": ["eset"],
        "f5-bigip": ["f5.*"], "fortigate-firewall-v3": ["fortinet.fortigate"],
        "fortigate-firewall-v4": ["fortinet.fortigate"], "fortigate-firewall-v5": ["fortinet.fortigate"],
        "fortigate-firewall-v6": ["fortinet.fortigate"], "freepbx-firewall": ["linux.firewall"],
        "huawei-usg": ["huawei.vrp"], "iptables": ["linux.firewall"], "junos-rt-flow": ["juniper.*"],
        "junos-ids": ["juniper.*"], "kernel": ["linux.kernel", "linux.firewall"],
        "macOS_tccd": ["apple.macos"], "mcafee-epo2": ["trellix.epo"], "mongodb": ["database"],
        "ms-dhcp-ipv4": ["dhcp.microsoft", "dhcp.microsoft.head"],
        "ms-dhcp-ipv6": ["dhcp.microsoft.v6", "dhcp.microsoft.head"], "mysql_log": ["database"],
        "named": ["bind"], "netscaler": ["citrix.netscaler"], "netscreenfw": ["juniper.netscreen"],
        "nginx-errorlog": ["web.error"], "openvpn": ["openvpn"], "paloalto": ["paloalto", "paloalto.*"],
        "pam": ["pam"], "pf": ["pf.filterlog"], "pix": ["cisco.asa"], "postfix": ["mail"],
        "postfix-reject": ["mail"], "postgresql_log": ["database"], "smbd": ["samba"],
        "snort": ["suricata.fast", "snort.json"], "sophos-fw": ["sophos"], "sqlserver": ["database"],
        "squid-accesslog": ["squid"], "sshd": ["sshd"], "su": ["sudo"], "sudo": ["sudo"],
        "suricata": ["suricata"], "web-accesslog": ["web.access"],
        "windows": windows, "windows-date-format": ["windows.*"], "windows_eventchannel": windows,
        "windows_eventlog": windows, "yum": ["yum"],
    ]

    /// Decoders of events of Windows.
    static let windows = ["windows.eventlog", "windows.text", "windows.structured"]
    /// Decoders of lines about requests to web servers.
    static let web = ["web.access", "web.json", "w3c.access", "haproxy", "traefik", "access.json"]

    /// What is known to decode the same.
    static func ours(_ name: String) -> [String]? {
        table[name] ?? (name.hasPrefix("macOS_") ? ["apple.macos"] : nil)
    }
}
