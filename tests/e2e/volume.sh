#!/usr/bin/env bash
# Boosted trees on every row: good enough on later dates and on new tickers, and the same for other numbers of workers.

source "$(dirname "$0")/common.bash"
need_market
unset TICKERMILL__VOLUME__TRAIN

summary=$work/two.json
check "run completes" run_json "$work/two" --workers 2

# of_volume SUMMARY MEMBER...: a value of the boosted trees in a summary.
of_volume() {
    "$python" -c '
import json, sys
value = json.load(open(sys.argv[1]))["models"][-1]
for part in sys.argv[2:]:
    value = value[part]
print(value)' "$@"
}
at_least() {
    "$python" -c 'import sys; sys.exit(not float(sys.argv[1]) >= float(sys.argv[2]))' "$1" "$2" || {
        echo "     got $1, wanted at least $2"
        return 1
    }
}
check "they are there" equal "$(of_volume "$summary" name)" volume
if [ "$real_prices" = yes ]; then
    check "skill on the latest fifth of the dates" at_least "$(of_volume "$summary" walk_forward last_fold skill)" 0.185
    for part in last_fold mean unseen; do
        check "the interval of $part lies above 0" at_least "$(of_volume "$summary" walk_forward "$part" low)" 0.001
    done
    check "they go live" test -f "$work/two/models/volume/current.json"
fi

check "run with one worker completes" run_json "$work/one" --workers 1
check "the same model with one worker" equal "$(of_volume "$work/one.json" digest)" "$(of_volume "$summary" digest)"
check "the same version with one worker" equal "$(of_volume "$work/one.json" version)" "$(of_volume "$summary" version)"

finish
