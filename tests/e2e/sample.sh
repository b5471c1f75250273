#!/usr/bin/env bash
# A fresh clone: `run` without arguments does the whole job on data/sample, and bad input gets the documented exit status.

source "$(dirname "$0")/common.bash"
unset TICKERMILL__VOLUME__TRAIN

clone=$work/clone
git clone --quiet "$repository" "$clone"
cd "$clone"

exit_status() {
    local wanted=$1
    shift
    local got=0
    "$tickermill" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || got=$?
    equal "$got" "$wanted"
}

summary_names() {
    grep -qF -- "$1" "$work/summary.txt" || {
        echo "     the summary does not name '$1':"
        sed 's/^/     /' "$work/summary.txt"
        return 1
    }
}

run_sample() {
    "$tickermill" run >"$work/summary.txt" 2>"$work/sample.log" </dev/null
}

files_are_there() {
    local features
    features=$clone/out/$(field out/latest.json features)
    equal "$(find "$features" -name '*.parquet' | wc -l)" "$(ls data/sample/stocks data/sample/etfs | grep -c '\.csv$')" &&
        [ -f "$clone/out/models/volume-forest/$(field out/models/volume-forest/current.json version)/model.onnx" ]
}

check "run exits 0" run_sample
check "the summary names the features folder" summary_names "$clone/out/runs/"
check "the summary names the model" summary_names "/model.onnx"
check "the summary names the forest" summary_names "model     volume-forest "
check "the summary names the boosted trees" summary_names "model     volume "
check "the summary names the model's error" summary_names "MAE "
check "the summary names the forecast 'as today'" summary_names "as today: "
check "the summary names the forecast 'as the moving average'" summary_names "as the moving average: "
check "the files are there, one a ticker" files_are_there
check "the example configuration loads" exit_status 0 config --config "$repository/deploy/tickermill.toml"
check "the history is listed" exit_status 0 runs
check "the run is shown" exit_status 0 show latest

check "a folder that is not there: exit 2" exit_status 2 run --data "$work/nowhere"
check "no command: exit 2" exit_status 2
check "a window of 0: exit 2" exit_status 2 run --window 0
check "an unknown run: exit 1" exit_status 1 show 0123456789abcdef-1
mkdir "$work/empty"
check "a folder without price files: exit 1" exit_status 1 run --data "$work/empty" --out "$work/of-empty"
"$tickermill" synth "$work/faulty" --tickers 40 --rows-per-ticker 300 --faults >"$work/faults.txt"
check "more faults than the limits allow: exit 3" exit_status 3 run --data "$work/faulty" --out "$work/of-faulty"
check "a run stopped by a limit does not become the latest" test ! -e "$work/of-faulty/latest.json"
looser_limits() {
    TICKERMILL__QUALITY__MAX_QUARANTINED_ROWS=1 TICKERMILL__QUALITY__MAX_QUARANTINED_FILES=1 \
        "$tickermill" run --data "$work/faulty" --out "$work/of-faulty" --json >"$work/faulty.json" 2>"$work/faulty.log" </dev/null
}
check "the same with looser limits: exit 0" looser_limits
check "which reuses what was computed" field_is "$work/faulty.json" recomputed 0

finish
