# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.

# The two commands of the README are `make demo` and `make test`. Both first see to it that the system libraries
# are there (.ci/install says what it does, and does nothing when nothing is missing).

SWIFT ?= swift
# Undeclared imports between modules are errors: Package.swift is the layer table.
BUILD_FLAGS ?= --explicit-target-dependency-import-check error
# With Swift's own libraries inside, a process starts in half the time and needs no Swift where it runs.
RELEASE_FLAGS ?= --configuration release --static-swift-stdlib $(LINK_FLAGS)
# A process relocates itself as it starts; packed, that takes a third of the time (CONTRIBUTING.md).
LINK_FLAGS ?= -Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs
SOURCES := Sources Tests Package.swift Benchmarks/Package.swift Benchmarks/Sources

.DEFAULT_GOAL := help
.PHONY: help install build release test demo format lint bench bench-log bench-decode kill-audit fault-audit fuzz clean

help: ## List the targets.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: ## Install the system packages that are missing (Debian and Ubuntu).
	@sh .ci/install

build: install ## Build everything for debugging.
	$(SWIFT) build $(BUILD_FLAGS)

release: install ## Build the release binary, .build/release/wardline.
	$(SWIFT) build $(BUILD_FLAGS) $(RELEASE_FLAGS) --product wardline

# XCTest is not used; without it the closing line of Swift Testing is the last one.
test: install ## Run every test.
	@sh .ci/install senders || true
	$(SWIFT) test $(BUILD_FLAGS) --disable-xctest

# KEEP=1 leaves the demonstration's store in the new folder wardline-demo, to look further.
demo: release ## Show an attack from the network to its timeline.
	@.build/release/wardline demo $(if $(KEEP),--keep)

format: ## Format the Swift sources in place.
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

lint: ## Check the format of the Swift sources.
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)

bench: release ## Measure ingest, beside rsyslog where it is installed (needs python3).
	python3 Benchmarks/ingest.py

# BENCH_LOG="--syslog FILE --json FILE --real FILE" measures your own lines.
bench-log: release ## Measure size and reading speed of the log, beside gzip and grep (needs python3).
	python3 Benchmarks/log.py $(BENCH_LOG)

# BENCH_DECODE="--syslog FILE --json FILE" measures your own lines.
bench-decode: install ## Measure how fast lines become events, beside liblognorm where it is installed (needs python3 and cc).
	python3 Benchmarks/decode.py $(BENCH_DECODE)

kill-audit: release ## Kill the daemon under load 50 times and audit what it kept (needs python3).
	python3 Benchmarks/kill.py

# FAULTS="--all" tries every call, which takes hours; FAULTS="--mode new --call sync" a part.
fault-audit: release ## Let system calls fail one after another and audit what is kept (needs python3 and cc).
	python3 Tests/faults/syscalls.py $(FAULTS)

# SECONDS is for each of the targets (framing syslog json kv csv cef xml decoder); TARGETS="json xml" names some.
fuzz: SECONDS := 300
fuzz: install ## Feed mutated bytes to every reader by libFuzzer, each for SECONDS (Linux).
	@sh Tests/fuzz/run.sh $(SECONDS) $(TARGETS)

clean: ## Remove build products.
	$(SWIFT) package clean
