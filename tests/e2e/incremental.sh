#!/usr/bin/env bash
# A run does what changed and no more, and its output is that of a run of everything.

source "$(dirname "$0")/common.bash"
need_market

# A copy that can be edited, with the times of the original.
copy=$work/copy
mkdir "$copy"
cp -r --preserve=timestamps "$market/." "$copy"
chmod -R u+w "$copy"
market=$copy

out=$work/out
check "run completes" run_json "$out"
cp "$out.json" "$work/first.json"
symbols=$(field "$work/first.json" symbols)

check "the same again" run_json "$out"
check "does nothing" field_is "$out.json" unchanged true
check "names the same run" equal "$(field "$out.json" run_id)" "$(field "$work/first.json" run_id)"
check "and the same output" same_output "$work/first.json" "$out.json"
check "a run that trusts nothing but content" run_json "$out" --verify
check "does nothing either" field_is "$out.json" unchanged true

# One row of one ticker: the volume of its last line is another.
edited=$(find "$copy/stocks" -name '*.csv' -size +100k | sort | sed -n 1p)
"$python" - "$edited" <<'P'
import sys
lines = open(sys.argv[1]).read().splitlines()
fields = lines[-1].split(",")
fields[-1] = str(int(float(fields[-1])) + 1)
lines[-1] = ",".join(fields)
open(sys.argv[1], "w").write("\n".join(lines) + "\n")
P

"$tickermill" plan --data "$market" --out "$out" --json >"$work/plan.json" </dev/null
check "plan says which ticker and why" equal "$(field "$work/plan.json" compute)" \
    "[{\"bytes\": $(stat -c %s "$edited"), \"symbol\": \"$(basename "$edited" .csv)\", \"why\": \"file_changed\"}]"
check "run after the edit" run_json "$out"
check "computes one ticker" field_is "$out.json" recomputed 1
check "carries the others over" field_is "$out.json" carried_over $((symbols - 1))
check "is another data set" test "$(field "$out.json" dataset_digest)" != "$(field "$work/first.json" dataset_digest)"
check "a run of everything into an empty folder" run_json "$work/full"
check "computes every ticker" field_is "$work/full.json" recomputed "$symbols"
check "and makes the same" same_output "$out.json" "$work/full.json"
check "the digest is that of the files" equal \
    "$("$python" "$python_checks/dataset_digest.py" "$(field "$out.json" features_dir)")" "$(field "$out.json" dataset_digest)"

# The newest stays as the latest; the first, of which nothing points at any more, goes; files that both share stay.
"$tickermill" prune --keep 1 --out "$out" >"$work/prune.txt" </dev/null
check "prune removes the first run" grep -qx "$(field "$work/first.json" run_id) removed" "$work/prune.txt"
check "and leaves the latest whole" equal \
    "$("$python" "$python_checks/dataset_digest.py" "$(field "$out.json" features_dir)")" "$(field "$out.json" dataset_digest)"

finish
