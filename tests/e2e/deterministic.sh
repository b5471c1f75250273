#!/usr/bin/env bash
# The same input makes the same bytes: for any number of workers, and for a run that was killed at any moment and resumed.

source "$(dirname "$0")/common.bash"
need_market
shopt -s nullglob

for workers in 1 2 7; do
    check "run with $workers workers" run_json "$work/workers-$workers" --workers "$workers"
done
check "1 and 2 workers make the same" same_output "$work/workers-1.json" "$work/workers-2.json"
check "1 and 7 workers make the same" same_output "$work/workers-1.json" "$work/workers-7.json"

plans=("$work"/workers-2/runs/*/plan.json)
shards=$("$python" -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["shards"]))' "${plans[0]}")

commits_in() {
    local found=("$1"/runs/*/commits/*.json)
    echo "${#found[@]}"
}

# kill_when OUT COMMITS: kills a run without warning as soon as it has so many commits. A moment is told by what is on
# disk, not by the clock, so that it is hit on a machine of any speed.
kill_when() {
    local out=$1 wanted=$2
    # A process of its own, so that its end is ours to wait for.
    "$tickermill" run --data "$market" --out "$out" --workers 2 --json >"$out.killed.json" 2>"$out.killed.log" </dev/null &
    local process=$! status=0 plan found
    while kill -0 "$process" 2>"$work/gone"; do
        plan=("$out"/runs/*/plan.json)
        found=("$out"/runs/*/commits/*.json)
        [ "${#plan[@]}" -eq 1 ] && [ "${#found[@]}" -ge "$wanted" ] && break
    done
    kill -9 "$process" 2>"$work/gone" || true
    wait "$process" 2>"$work/gone" || status=$?
    equal "$status" 137
}

no_outcome() {
    local outcomes=("$1"/runs/*/outcome.json)
    equal "${#outcomes[@]}" 0
}

nothing_staged_is_left() {
    equal "$(find "$1" -name '*#[0-9]*' | wc -l)" 0 &&
        equal "$(find "$(field "$1.json" features_dir)" -name '*.parquet' | wc -l)" "$(field "$1.json" symbols)"
}

for moment in 0 1 $((shards / 3)) $((shards * 2 / 3)) "$shards"; do
    out=$work/killed-at-$moment
    check "killed at $moment of $shards commits" kill_when "$out" "$moment"
    check "which leaves no outcome and no latest.json" no_outcome "$out"
    committed=$(commits_in "$out")
    check "resumed" run_json "$out" --workers 2
    if [ "$committed" -gt 0 ]; then
        check "with the $committed commits reused" test "$(field "$out.json" resumed)" -gt 0
    fi
    check "makes the same" same_output "$work/workers-2.json" "$out.json"
    check "leaves nothing staged" nothing_staged_is_left "$out"
    rm -rf "$out"
done

finish
