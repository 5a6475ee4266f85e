#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
#
# Builds the fuzz targets with libFuzzer and AddressSanitizer and runs each of them. Needs Linux and a Swift
# toolchain with libFuzzer (those of swift.org have it).
#
#   Tests/fuzz/run.sh [SECONDS [TARGET...]]     300 seconds of each target unless said otherwise
#
# SEED=N repeats the choices of a run. Inputs that found something new stay in .build/fuzz/corpus/TARGET, those that
# broke a promise in .build/fuzz/crashes; the exit status is 1 then. A crash is run again with
# FUZZ_TARGET=TARGET BINARY FILE, and becomes a case of the tests of its reader.
set -eu
cd "$(dirname "$0")/../.."
swift=${SWIFT:-swift}
seconds=${1:-300}
[ $# -gt 0 ] && shift
targets=${*:-framing syslog json kv csv cef xml decoder}
work=.build/fuzz
flags="--package-path Tests/fuzz --scratch-path $work/build --configuration release"
flags="$flags -Xswiftc -sanitize=fuzzer,address -Xswiftc -parse-as-library"
# A plan that was kept does not see files that are new in the package above.
rm -f $work/build/release.yaml
$swift build $flags --product FuzzParsers
binary=$($swift build $flags --show-bin-path)/FuzzParsers
# Swift keeps its own arrays for the life of the process: leaks are told apart badly.
export ASAN_OPTIONS=detect_leaks=0
mkdir -p $work/crashes
failed=0
for target in $targets; do
    corpus=$work/corpus/$target
    log=$work/$target.log
    mkdir -p "$corpus"
    export FUZZ_TARGET="$target"
    FUZZ_SEEDS=$corpus "$binary" -runs=0 >"$log" 2>&1 || { cat "$log"; exit 2; }
    echo "== $target, $seconds s, seed ${SEED:-1}"
    status=0
    "$binary" -max_total_time="$seconds" -seed="${SEED:-1}" -max_len=4096 -timeout=5 -print_final_stats=1 \
        -artifact_prefix="$work/crashes/$target-" "$corpus" >"$log" 2>&1 || status=$?
    grep -E 'number_of_executed_units|ERROR|SUMMARY|Fatal error|Test unit written' "$log" || true
    [ $status -eq 0 ] || failed=1
done
exit $failed
