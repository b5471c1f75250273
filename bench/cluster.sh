#!/usr/bin/env bash
# What a cluster costs beside one process: the same synthetic market by a coordinator with two one-slot workers, started
# and waiting, and by `run --workers 2`; how soon its processes are there; how much memory they take. Both train the forest
# alone (--no-volume): boosted trees are trained in one process either way.
#
# usage: bench/cluster.sh [PAIRS]     5 pairs by default; each takes both in turn
#
# TICKERMILL_BIN         the binary, default target/release/tickermill
# TICKERMILL_FAULTY_BIN  the binary with fault points (`cargo build --release --features fault-points`); with it a run with a
#                        worker 20 times slower than the rest is timed too
# TICKERMILL_TICKERS     tickers of the market, default 2000
#
# `ratio` is the cluster's wall time over the one process's, pair by pair. On the 2,000 tickers it is to be at most 1.25.

set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
pairs=${1:-5}
tickermill=$(realpath "${TICKERMILL_BIN:-$repository/target/release/tickermill}")
tickers=${TICKERMILL_TICKERS:-2000}

if [ ! -x "$tickermill" ]; then
    echo "there is no binary at $tickermill: build it with \`cargo build --release\`" >&2
    exit 1
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/tickermill-bench.XXXXXX")
running=()
stop_all() {
    [ "${#running[@]}" -eq 0 ] || kill "${running[@]}" 2>"$work/gone" || true
    for process in "${running[@]}"; do
        wait "$process" 2>"$work/gone" || true
    done
    running=()
}
trap 'stop_all; rm -rf "$work"' EXIT

market=$work/market
"$tickermill" synth "$market" --tickers "$tickers" --rows-per-ticker 1500 --seed 1

milliseconds() {
    echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# start NAME PART COMMAND...: starts a process and returns when it says PART; the time it took is in $took, the line in
# $line, the process in $process.
start() {
    local name=$1 part=$2 from
    shift 2
    mkfifo "$work/$name.pipe"
    from=$(milliseconds)
    "$@" >"$work/$name.out" 2>"$work/$name.pipe" </dev/null &
    process=$!
    running+=("$process")
    exec {said}<"$work/$name.pipe"
    rm "$work/$name.pipe"
    while read -r line <&"$said"; do
        case $line in *"$part"*) break ;; esac
    done
    took=$(($(milliseconds) - from))
    cat <&"$said" >"$work/$name.log" &
    exec {said}<&-
}

# start_cluster BINARY OUT WORKERS [FAULTS-OF-THE-LAST-WORKER]
start_cluster() {
    local binary=$1 out=$2 workers=$3 faults=${4:-} number
    start coordinator "coordinator listens on " "$binary" coordinator --out "$out" --listen 127.0.0.1:0
    coordinator=$process
    coordinator_took=$took
    address=$(sed -E 's/.*(http:[^ ]*).*/\1/' <<<"$line")
    for ((number = 1; number < workers; number++)); do
        start "worker-$number" " joined " "$binary" worker --coordinator "$address" --slots 1 --name "worker-$number"
    done
    worker=$process
    worker_took=$took
    start "worker-$workers" " joined " env TICKERMILL_FAULTS="$faults" \
        "$binary" worker --coordinator "$address" --slots 1 --name "worker-$workers"
}

# timed COMMAND...: its wall time in ms is in $took.
timed() {
    local from
    from=$(milliseconds)
    "$@" >"$work/timed.out" 2>"$work/timed.log" </dev/null || {
        tail -n 20 "$work/timed.log" "$work/timed.out" >&2
        exit 1
    }
    took=$(($(milliseconds) - from))
}

median() {
    printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

peak_mib() {
    awk '/^VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$1/status"
}

ratio() {
    awk "BEGIN { printf \"%.3f\", $1 / $2 }"
}

start_cluster "$tickermill" "$work/cluster" 2
echo "start: coordinator listens after $coordinator_took ms, worker has joined after $worker_took ms"

printf '\n%6s %14s %12s %8s\n' pair 'one process' cluster ratio
singles=() clusters=() ratios=()
for ((pair = 1; pair <= pairs; pair++)); do
    timed "$tickermill" run --data "$market" --out "$work/single" --workers 2 --no-volume --force --json
    single=$took
    cp "$work/timed.out" "$work/single.json"
    timed "$tickermill" run --data "$market" --coordinator "$address" --no-volume --force --json
    digest='"dataset_digest":"[0-9a-f]*"'
    if [ "$(tail -n 1 "$work/timed.out" | grep -o "$digest")" != "$(tail -n 1 "$work/single.json" | grep -o "$digest")" ]; then
        echo "the cluster made something else" >&2
        exit 1
    fi
    singles+=("$single") clusters+=("$took") ratios+=("$(ratio "$took" "$single")")
    printf '%6d %11d ms %9d ms %8s\n' "$pair" "$single" "$took" "${ratios[-1]}"
done
printf '%6s %11d ms %9d ms %8s\n' median "$(median "${singles[@]}")" "$(median "${clusters[@]}")" "$(median "${ratios[@]}")"
echo "peak memory: coordinator $(peak_mib "$coordinator") MiB, a worker with one slot $(peak_mib "$worker") MiB"
stop_all

if [ -z "${TICKERMILL_FAULTY_BIN:-}" ]; then
    echo "skipped: a slow worker (TICKERMILL_FAULTY_BIN names no binary with fault points)"
    exit 0
fi
# Of four workers on two cores each computes a ticker in about clusters / tickers * 4 ms; the slow one waits twenty times as
# long before each. Of two, one would do all the work.
slower=$(($(median "${clusters[@]}") * 4 * 20 / tickers))
start_cluster "$(realpath "$TICKERMILL_FAULTY_BIN")" "$work/without" 4
timed "$tickermill" run --data "$market" --coordinator "$address" --no-volume --force --json
without=$took
stop_all
start_cluster "$(realpath "$TICKERMILL_FAULTY_BIN")" "$work/slow" 4 "mid-shard=slow:$slower"
timed "$tickermill" run --data "$market" --coordinator "$address" --no-volume --force --json
echo "one of four workers slower by $slower ms a ticker: $took ms, without $without ms, ratio $(ratio "$took" "$without");" \
    "$(grep -c ' as a copy' "$work/slow"/runs/*/run.log) copies"
