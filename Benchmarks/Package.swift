// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "wardline-benchmarks",
    dependencies: [.package(name: "wardline", path: "..")],
    targets: [
        .executableTarget(
            name: "LogBenchmark",
            dependencies: [.product(name: "WardlineLog", package: "wardline")],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "DecodeBenchmark",
            dependencies: [.product(name: "WardlineLog", package: "wardline")],
            swiftSettings: strict
        ),
    ]
)
