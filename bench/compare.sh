#!/usr/bin/env bash
# Times us against Polars on the same work: per-ticker CSV files to rolling features to one Parquet file a ticker.
#
# usage: bench/compare.sh [ROUNDS]     5 rounds by default; each takes ours and theirs in turn
#
# TICKERMILL_BIN     the binary, default target/release/tickermill
# TICKERMILL_SHARED  the folder with data/market and peers/, default ../shared beside this repository
# TICKERMILL_DATA    another data set to measure on, in the layout of data/market
# PEERS_PYTHON       a python with the peers installed; without it peers/setup.sh makes one (about 2 GB, once)
#
# Prints two tables: features alone, and the whole job with the forest alone, each beside the same run of Polars. `ratio` above 1
# says how many times longer the other took, round by round.

set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
rounds=${1:-5}
tickermill=$(realpath "${TICKERMILL_BIN:-$repository/target/release/tickermill}")
shared=${TICKERMILL_SHARED:-$repository/../shared}
data=${TICKERMILL_DATA:-$shared/data/market}

if [ ! -f "$shared/peers/compare.py" ]; then
    echo "skipped: there are no peers at $shared/peers"
    exit 0
fi
if [ ! -x "$tickermill" ]; then
    echo "there is no binary at $tickermill: build it with \`cargo build --release\`" >&2
    exit 1
fi
python=${PEERS_PYTHON:-$("$shared/peers/setup.sh")}
work=$(mktemp -d "${TMPDIR:-/tmp}/tickermill-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

# compare NAME TITLE [FLAG...]
compare() {
    local name=$1 title=$2
    shift 2
    printf '\n%s\n' "$title"
    "$python" "$shared/peers/compare.py" -n "$rounds" \
        "$name='$tickermill' run --data '$data' --out '$work/$name' --force $*" \
        "polars='$python' '$shared/peers/features_polars.py' '$data' '$work/polars' folder"
}

compare features "Features alone (run --force --no-train)" --no-train
compare whole "The whole job with the forest alone (run --force --no-volume)" --no-volume
