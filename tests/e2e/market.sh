#!/usr/bin/env bash
# The features: counts of rows, every value against a slow recomputation, and the original pipeline's own output.

source "$(dirname "$0")/common.bash"
need_market

out=$work/out
summary=$out.json
check "run completes" run_json "$out"
check "status" field_is "$summary" status completed

if [ "$real_prices" = yes ]; then
    check "rows read" field_is "$summary" rows_read 1385171
    check "rows discarded" field_is "$summary" rows_discarded 23
    check "rows written" field_is "$summary" rows_written 1385148
    check "rows merged" field_is "$summary" rows_merged 0
    check "rows quarantined" field_is "$summary" rows_quarantined 0
    check "files quarantined" field_is "$summary" files_quarantined 0
    check "symbols" field_is "$summary" symbols 400
    check "symbols shorter than the window" field_is "$summary" symbols_short 21
else
    check "rows read are those that were made" equal "$(field "$summary" rows_read)" \
        "$(sed -n 's/^[0-9,]* tickers, \([0-9,]*\) rows.*/\1/p' "$work/synth.txt" | tr -d ,)"
    check "rows written" equal "$(field "$summary" rows_written)" "$(field "$summary" rows_read)"
    check "symbols" field_is "$summary" symbols 200
fi
check "the dataset digest is that of the files" equal \
    "$("$python" "$python_checks/dataset_digest.py" "$(field "$summary" features_dir)")" "$(field "$summary" dataset_digest)"

oracle=$shared/oracle/check_dataset.py
if [ -f "$oracle" ]; then
    oracle_passes() {
        "$python" "$oracle" "$market" "$(field "$summary" features_dir)" >"$work/oracle.txt" || true
        equal "$(tail -n 1 "$work/oracle.txt")" "$(field "$summary" symbols) passed, 0 failed"
    }
    check "every value is the slow recomputation's, bit for bit" oracle_passes
else
    echo "skip $script: $oracle is not there: values are not recomputed"
fi

golden=$shared/golden/window-31
if [ "$real_prices" = yes ] && [ -d "$golden" ]; then
    golden_agrees() {
        run_json "$work/window-31" --window 31 --no-train &&
            "$python" "$python_checks/check_golden.py" "$golden" "$(field "$work/window-31.json" features_dir)"
    }
    check "a window of 31 reproduces the original pipeline" golden_agrees
else
    echo "skip $script: $golden is not there: no comparison with the original pipeline"
fi

finish
