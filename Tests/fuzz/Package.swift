// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import PackageDescription

let package = Package(
    name: "wardline-fuzz",
    dependencies: [.package(name: "wardline", path: "../..")],
    targets: [
        .target(name: "FuzzDriver"),
        .executableTarget(
            name: "FuzzParsers",
            dependencies: ["FuzzDriver", .product(name: "WardlineLog", package: "wardline")],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .strictMemorySafety(),
                .treatAllWarnings(as: .error),
            ]
        ),
    ]
)
