#!/usr/bin/env bash
# A search of parameters of 24 trials: on the sample, and on real prices where they are at hand.

source "$(dirname "$0")/common.bash"

# tune_run OUT DATA: a run of the data, and a tuning on its rows; the document goes to OUT.tuning.json.
tune_run() {
    local out=$1 data=$2
    "$tickermill" run --data "$data" --out "$out" --no-train >"$out.txt" 2>"$out.log" </dev/null &&
        "$tickermill" tune --out "$out" --json >"$out.tuning.json" 2>"$out.tuning.log" </dev/null || {
        echo "     the end of what was said:"
        tail -n 5 "$out.log" "$out.tuning.log" | sed 's/^/     /'
        return 1
    }
}

# well_chosen TUNING LEAST: rounds of 24, 8 and 3 trials, the best of the last one is chosen, and the skill of the chosen and
# of the configured parameters is at least LEAST in the last fold.
well_chosen() {
    "$python" - "$1" "$2" <<'P'
import json, sys
tuning = json.load(open(sys.argv[1]))
rounds = [trials["trials"] for trials in tuning["rounds"]]
last = [trial for trial in tuning["trials"] if len(trial["skills"]) == 3]
best = max(last, key=lambda trial: (trial["skills"][-1], -trial["trial"]))
check = tuning["check"]
print(f"     trial {tuning['chosen']}: {best['skills'][-1]:+.4f}; last fold: {check}")
ok = rounds == [24, 8, 3] and len(last) == 3 and best["trial"] == tuning["chosen"]
sys.exit(not (ok and min(check.values()) >= float(sys.argv[2])))
P
}

tune_well() {
    tune_run "$1" "$2" && well_chosen "$1.tuning.json" "$3"
}

check "24 trials on the sample" tune_well "$work/sample" "$repository/data/sample" -1
if [ "$real_prices" = yes ]; then
    check "24 trials on real prices" tune_well "$work/real" "$market" 0.15
fi

finish
