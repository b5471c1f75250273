# What the end-to-end scripts share. Sourced, not run.
#
# TICKERMILL_BIN     the binary, default target/release/tickermill of this repository
# TICKERMILL_SHARED  the folder with data/market, golden/ and oracle/, default ../shared beside this repository
# TICKERMILL_PYTHON  a python with numpy, pyarrow and blake3, default python3
# E2E_TALLY          a file to which each check adds a line, for a caller that adds several scripts up

set -euo pipefail

# Runs train boosted trees by default, which is most of their work. Scripts that are about them, or about what a user sees who
# has configured nothing, unset this again.
export TICKERMILL__VOLUME__TRAIN=false

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tickermill=$(realpath "${TICKERMILL_BIN:-$repository/target/release/tickermill}")
shared=${TICKERMILL_SHARED:-$repository/../shared}
python=${TICKERMILL_PYTHON:-python3}
python_checks=$repository/tests/python
script=$(basename "$0" .sh)
tally=${E2E_TALLY:-}
passed=0
failed=0

[ -x "$tickermill" ] || {
    echo "$script: there is no binary at $tickermill: build it with \`cargo build --release\`" >&2
    exit 1
}

# A command that fails outside of a check ends the script: it says which.
set -E
trap 'echo "$script: line $LINENO: this failed: $BASH_COMMAND" >&2' ERR

# Everything is written here, and removed at the end.
work=$(mktemp -d "${TMPDIR:-/tmp}/tickermill-e2e.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The data set: real prices where they are at hand, else a synthetic market of the same shape.
if [ -f "$shared/data/market/symbols_valid_meta.csv" ]; then
    market=$shared/data/market
    real_prices=yes
else
    market=$work/market
    real_prices=no
fi

# Makes the synthetic market where there are no real prices.
need_market() {
    [ "$real_prices" = yes ] && return
    echo "$script: $shared/data/market is not there: using a synthetic market of 200 tickers"
    "$tickermill" synth "$market" --tickers 200 --rows-per-ticker 1500 --seed 7 >"$work/synth.txt"
}

# check NAME COMMAND...: one check, which passes if the command succeeds.
check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok   $script: $name"
        [ -z "$tally" ] || echo "passed $script: $name" >>"$tally"
    else
        failed=$((failed + 1))
        echo "FAIL $script: $name"
        [ -z "$tally" ] || echo "failed $script: $name" >>"$tally"
    fi
}

# equal GOT WANTED: says what differs.
equal() {
    [ "$1" = "$2" ] || {
        echo "     got '$1', wanted '$2'"
        return 1
    }
}

# run_json OUT [FLAG...]: runs on the market; the summary goes to OUT.json, everything else to OUT.log.
run_json() {
    local out=$1
    shift
    if "$tickermill" run --data "$market" --out "$out" --json "$@" >"$out.json" 2>"$out.log" </dev/null; then
        return 0
    else
        local exit=$?
        echo "     run ended with status $exit; the end of its output:"
        tail -n 5 "$out.log" "$out.json" | sed 's/^/     /'
        return $exit
    fi
}

# field FILE KEY[.KEY]: a value of a JSON file; `null` where it is not there.
field() {
    "$python" -c '
import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    value = (value or {}).get(key)
print(json.dumps(value) if not isinstance(value, str) else value)
' "$1" "$2"
}

# field_is FILE KEY WANTED
field_is() {
    equal "$(field "$1" "$2")" "$3"
}

# same_output ONE OTHER: the summaries of two runs name the same data set and the same model.
same_output() {
    equal "$(field "$1" dataset_digest)" "$(field "$2" dataset_digest)" &&
        equal "$(field "$1" model.digest)" "$(field "$2" model.digest)" &&
        equal "$(field "$1" model.version)" "$(field "$2" model.version)"
}

# Prints the closing line; the script's exit status is 0 if every check passed.
finish() {
    echo "$script: $passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
