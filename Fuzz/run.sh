#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
#
# Builds the fuzz targets with libFuzzer and AddressSanitizer and runs each of them. Needs Linux and a Swift
# toolchain with libFuzzer (those of swift.org have it).
#
#   Fuzz/run.sh [SECONDS [TARGET...]]     300 seconds of each target unless said otherwise
#
# Inputs that found something new stay in Fuzz/corpus/TARGET, those that broke a promise in Fuzz/crashes. A crash is
# run again with: FUZZ_TARGET=TARGET BINARY FILE; it becomes a case of the tests of its reader.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-300}
[ $# -gt 0 ] && shift
targets=${*:-framing syslog json kv csv cef xml decoder}
${SWIFT:-swift} build --package-path Fuzz --configuration release --product FuzzParsers \
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -parse-as-library
binary=$(${SWIFT:-swift} build --package-path Fuzz --configuration release --show-bin-path)/FuzzParsers
mkdir -p Fuzz/crashes
failed=0
for target in $targets; do
    mkdir -p "Fuzz/corpus/$target"
    echo "== $target, $seconds s"
    # Swift keeps its own arrays for the life of the process; leaks are told apart badly.
    ASAN_OPTIONS=detect_leaks=0 FUZZ_TARGET=$target "$binary" -max_total_time="$seconds" -max_len=4096 -timeout=5 \
        -print_final_stats=1 -artifact_prefix="Fuzz/crashes/$target-" "Fuzz/corpus/$target" 2>&1 |
        grep -E 'stat::number_of_executed_units|ERROR|SUMMARY|Fatal error|Test unit written' || true
    ls Fuzz/crashes | grep -q "^$target-" && failed=1
done
exit $failed
