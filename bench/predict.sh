#!/usr/bin/env bash
# The predictor beside FastAPI with ONNX Runtime, in turn, on the same ONNX file: requests a second and latencies as wrk sees
# them, with parameters drawn anew for each request; then 512 connections, requests by ticker, and peak memory.
#
# usage: bench/predict.sh [PAIRS]     3 pairs by default, 10 seconds each
#
# TICKERMILL_BIN      the binary, default target/release/tickermill
# TICKERMILL_SHARED   the folder of the peers and of the real tickers, default ../shared; without it a synthetic market is
#                     used, and nothing is compared
# PEERS_PYTHON        a python with fastapi, uvicorn, numpy and onnxruntime, default what the peers' setup.sh makes
# TICKERMILL__PREDICTOR__…   what the predictor is told, such as TICKERMILL__PREDICTOR__BATCHING=true

set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
pairs=${1:-3}
tickermill=$(realpath "${TICKERMILL_BIN:-$repository/target/release/tickermill}")
shared=$(realpath "${TICKERMILL_SHARED:-$repository/../shared}")
work=$(mktemp -d "${TMPDIR:-/tmp}/tickermill-predict.XXXXXX")
ours='' theirs=''
trap 'kill $ours $theirs 2>"$work/gone" || true; rm -rf "$work"' EXIT

market=$shared/data/market
if [ ! -d "$market" ]; then
    echo "there is no $market: a synthetic market is used"
    market=$work/market
    "$tickermill" synth "$market" --tickers 400 --rows-per-ticker 3500 --seed 1
fi
# The peer serves the forest, so this is what is served and compared.
"$tickermill" run --data "$market" --out "$work/out" --no-volume --json >"$work/run.json" 2>"$work/run.log"
model=$(echo "$work"/out/models/*/*/model.onnx)
features=$(echo "$work"/out/runs/*/market_data_with_features)

"$tickermill" predictor --models "$work/out" --listen 127.0.0.1:0 2>"$work/ours.log" &
ours=$!
until ours_url=$(grep -o 'http://[0-9.:]*' "$work/ours.log"); do sleep 0.1; done
script=$shared/peers/random_predict.lua
if [ -f "$script" ]; then
    python=${PEERS_PYTHON:-$("$shared/peers/setup.sh")}
    (cd "$shared/peers" && MODEL=$model exec "$python" -m uvicorn predict_fastapi:app --port 18080 --log-level warning) &
    theirs=$!
    theirs_url=http://127.0.0.1:18080
    until curl -sf "$theirs_url/predict?vol_moving_avg=1&adj_close_rolling_med=1" >"$work/ready"; do sleep 0.1; done
fi

# measure NAME URL CONNECTIONS SCRIPT [ARGUMENTS...]: a line of what wrk says.
measure() {
    local name=$1 url=$2 connections=$3 script=$4
    shift 4
    wrk -t1 -c"$connections" -d10s --latency -s "$script" "$url" -- "$@" >"$work/wrk"
    awk -v name="$name" '
        /50%/ { p50 = $2 } /99%/ { p99 = $2 } /Requests\/sec/ { rate = $2 }
        /Socket errors/ || /Non-2xx/ { failures = failures " " $0 }
        END { printf "%-34s %10.0f requests/s   p50 %8s   p99 %8s%s\n", name, rate, p50, p99, failures }' "$work/wrk"
}

if [ -n "$theirs" ]; then
    for ((pair = 1; pair <= pairs; pair++)); do
        measure "tickermill, 32 connections" "$ours_url" 32 "$script"
        measure "FastAPI + ONNX Runtime, 32" "$theirs_url" 32 "$script"
    done
    measure "tickermill, 1 connection" "$ours_url" 1 "$script"
    measure "tickermill, 512 connections" "$ours_url" 512 "$script"
fi
symbols=()
for file in "$features"/*.parquet; do
    symbol=$(basename "$file" .parquet)
    answer=$(curl -s -o "$work/answer" -w '%{http_code}' -G --data-urlencode "symbol=$symbol" "$ours_url/predict")
    [ "$answer" != 200 ] || symbols+=("$symbol")
done
echo "by ticker: ${#symbols[@]} tickers have enough rows, and are in the cache now"
measure "tickermill, by ticker, 32" "$ours_url" 32 "$repository/bench/random_symbol.lua" "${symbols[@]}"
awk '/^VmHWM/ { printf "peak memory of tickermill: %.0f MiB\n", $2 / 1024 }' "/proc/$ours/status"
