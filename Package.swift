// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import PackageDescription

/// Every target is built with these settings; `TidyTests` checks that none drops one.
///
/// Reasons: CONTRIBUTING.md.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Modules in which tests spend most of their time are optimised in debug builds too: CONTRIBUTING.md.
let busy: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// A layer: lowest first.
///
/// A target imports only what is listed here, and only downward.
func layer(
    _ name: String,
    _ dependencies: [Target.Dependency],
    isBusy: Bool = false
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + (isBusy ? busy : []))
}

func tests(_ name: String, _ dependencies: [Target.Dependency], data: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: data, swiftSettings: strict)
}

let package = Package(
    name: "wardline",
    products: [
        .executable(name: "wardline", targets: ["wardline"]),
        // For the measurements in Benchmarks only.
        .library(
            name: "WardlineLog",
            targets: ["EventModel", "Platform", "SegmentLog", "Normalization", "SiteFiles"]
        ),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CSHA256"),
        .systemLibrary(name: "CCRC32C"),
        layer("EventModel", [], isBusy: true),
        layer("Digests", ["CSHA256", "CCRC32C", "EventModel", crypto]),
        layer("Platform", ["CMalloc", "EventModel"]),
        layer("Certificates", ["EventModel", "Digests", x509, asn1]),
        layer("WireFormats", ["EventModel"]),
        layer("SegmentLog", ["CZlib", "EventModel", "Digests", "Platform"], isBusy: true),
        layer("Normalization", ["EventModel", "Digests", "WireFormats"], isBusy: true),
        layer("Inventory", ["EventModel", "WireFormats"]),
        layer("Correlation", ["EventModel", "Digests", "Inventory"], isBusy: true),
        layer("Timelines", ["EventModel", "Digests", "WireFormats", "Inventory", "Correlation"]),
        layer(
            "SiteFiles",
            [
                "EventModel", "Digests", "Platform", "WireFormats", "Normalization", "Inventory",
                "Correlation", yams,
            ],
            isBusy: true
        ),
        layer(
            "Projections",
            ["EventModel", "Digests", "Inventory", "Correlation", "Timelines", grdb, sqlite]
        ),
        layer(
            "Pipeline",
            [
                "EventModel", "Digests", "Platform", "WireFormats", "SegmentLog", "Normalization",
                "Inventory",
                "Correlation", "Timelines", "SiteFiles", "Projections",
            ]
        ),
        layer(
            "Ingest",
            [
                "CZlib", "EventModel", "Digests", "Platform", "WireFormats", "SiteFiles", "Pipeline",
                "Certificates", nioCore, nioPosix, nioTLS, nioSSL, nioHTTP1,
            ]
        ),
        layer(
            "QueryEngine",
            [
                "EventModel", "Digests", "Platform", "SegmentLog", "Inventory", "Timelines", "Projections",
                "Pipeline",
            ]
        ),
        layer(
            "Retention",
            [
                "EventModel", "Digests", "Platform", "WireFormats", "SegmentLog", "Correlation", "Timelines",
                "SiteFiles", "Projections", "Pipeline", "QueryEngine",
            ]
        ),
        layer(
            "Cases",
            [
                "EventModel", "Digests", "Platform", "WireFormats", "SegmentLog", "Correlation", "Timelines",
                "Projections", "Pipeline", "QueryEngine",
            ]
        ),
        layer(
            "Replay",
            [
                "EventModel", "Digests", "Platform", "WireFormats", "SegmentLog", "Inventory", "Correlation",
                "Timelines", "SiteFiles", "Projections", "Pipeline", "Ingest", "QueryEngine", nioCore,
                nioPosix,
            ]
        ),
        layer(
            "Daemon",
            [
                "EventModel", "Platform", "WireFormats", "SegmentLog", "SiteFiles", "Projections", "Pipeline",
                "Ingest",
                "QueryEngine", nioCore, nioPosix,
            ]
        ),
        .executableTarget(
            name: "wardline",
            dependencies: [
                "EventModel", "Digests", "Platform", "WireFormats", "SegmentLog", "Normalization",
                "Inventory",
                "Correlation", "Timelines", "SiteFiles", "Projections", "Pipeline", "Ingest", "QueryEngine",
                "Replay", "Retention", "Cases", "Certificates",
                "Daemon", arguments,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "SimulationKit",
            dependencies: ["EventModel", "Platform"],
            path: "Tests/SimulationKit",
            swiftSettings: strict
        ),
        tests("WireFormatsTests", ["EventModel", "WireFormats"]),
        tests("DigestsTests", ["EventModel", "Digests"]),
        tests("CertificatesTests", ["EventModel", "Digests", "Certificates"]),
        tests("PlatformTests", ["EventModel", "Platform"]),
        tests("SegmentLogTests", ["EventModel", "Digests", "Platform", "SegmentLog", "SimulationKit"]),
        tests(
            "FormatTests",
            ["EventModel", "Digests", "Platform", "SegmentLog", "SimulationKit"],
            data: ["versions"]
        ),
        tests(
            "NormalizationTests",
            ["EventModel", "Digests", "WireFormats", "Normalization", "SiteFiles", "SimulationKit"]
        ),
        tests(
            "SiteFilesTests",
            [
                "EventModel", "Digests", "WireFormats", "Normalization", "Inventory", "Correlation",
                "SiteFiles", "SimulationKit",
            ],
            data: ["sources"]
        ),
        tests("ProjectionsTests", ["EventModel", "Correlation", "Timelines", "Projections"]),
        tests(
            "PipelineTests",
            [
                "EventModel", "Digests", "Platform", "SegmentLog", "Inventory", "Correlation", "Timelines",
                "SiteFiles", "Projections", "Pipeline",
            ]
        ),
        tests(
            "IngestTests",
            [
                "CZlib", "EventModel", "Platform", "WireFormats", "SegmentLog", "SiteFiles", "Projections",
                "Pipeline",
                "Ingest", "Certificates", nioCore, nioPosix, nioSSL,
            ]
        ),
        tests(
            "DaemonTests",
            [
                "EventModel", "Platform", "WireFormats", "SegmentLog", "SiteFiles", "Projections", "Pipeline",
                "Ingest", "Daemon",
            ]
        ),
        tests(
            "ReplayTests",
            [
                "EventModel", "Correlation", "Timelines", "Projections", "Platform", "SegmentLog",
                "SiteFiles",
                "Pipeline", "Ingest", "Replay", nioCore, nioPosix,
            ]
        ),
        tests("EventModelTests", ["EventModel"]),
        tests("InventoryTests", ["EventModel", "Inventory"]),
        tests("CorrelationTests", ["EventModel", "Inventory", "Correlation", "SimulationKit"]),
        tests("TimelinesTests", ["EventModel", "Inventory", "Correlation", "Timelines"]),
        tests("TidyTests", ["EventModel", "WireFormats"]),
        tests(
            "CasesTests",
            [
                "EventModel", "Digests", "Platform", "SegmentLog", "Correlation", "Timelines", "Projections",
                "Pipeline", "QueryEngine", "Cases",
            ]
        ),
        tests(
            "RetentionTests",
            [
                "EventModel", "Digests", "Platform", "SegmentLog", "SiteFiles", "Pipeline", "QueryEngine",
                "Retention", "SimulationKit",
            ]
        ),
        tests("QueryEngineTests", ["EventModel", "Platform", "SegmentLog", "Inventory", "QueryEngine"]),
        tests(
            "CommandLineTests",
            [
                "EventModel", "Digests", "WireFormats", "Platform", "SegmentLog", "Correlation", "Timelines",
                "SiteFiles", "Projections", "Pipeline", "Inventory", "QueryEngine", "Retention", "Cases",
                "wardline",
            ]
        ),
    ]
)
