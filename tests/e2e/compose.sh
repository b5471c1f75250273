#!/usr/bin/env bash
# The image and the docker-compose cluster, where Docker Engine answers: it comes up healthy, does the job with the digest of a
# run outside, and goes on through scaling, kills and a cut network.
#
# TICKERMILL_BASE_IMAGE  an image with glibc, certificates and a shell to build on; without it one is made of a debootstrap root
source "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if ! docker info >"$work/docker.txt" 2>&1 || ! command -v docker-compose >>"$work/docker.txt"; then
    echo "$script: skipped: Docker Engine does not answer here, or there is no docker-compose"
    exit 0
fi

if [ "$(id -u)" -ne 0 ]; then
    echo "$script: skipped: only root can look into volumes, and kill processes of containers"
    exit 0
fi

project=tickermill-e2e-$$
export COMPOSE_PROJECT_NAME=$project COMPOSE_INTERACTIVE_NO_CLI=1
export COORDINATOR_PORT=0 PREDICTOR_PORT=0 DATA=$work/market
files=(-f "$repository/deploy/compose.yaml")
compose() { docker-compose "${files[@]}" "$@" </dev/null; }

clean_up() {
    compose down --volumes --timeout 5 >"$work/down.txt" 2>&1 || true
    docker image rm -f "$project" "$project:slow" "$project:base" >"$work/images.txt" 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT

# --- the image

base=${TICKERMILL_BASE_IMAGE:-}
if [ -z "$base" ]; then
    command -v debootstrap >>"$work/docker.txt" || apt-get install -y -q debootstrap >"$work/apt.txt" 2>&1
    debootstrap --variant=minbase --include=ca-certificates bookworm "$work/root" >"$work/debootstrap.txt"
    base=$project:base
    tar -C "$work/root" -c . | docker import - "$base" >"$work/import.txt"
    rm -rf "$work/root"
fi
# build_image TAG BINARY: the image with a binary in place of what would be built.
build_image() {
    local context=$work/context
    mkdir -p "$context"
    cp "$2" "$context/tickermill"
    docker build -f "$repository/deploy/Dockerfile" -t "$1" --build-arg PREBUILT=tickermill \
        --build-arg "BUILDER=$base" --build-arg "BASE=$base" "$context" >"$work/build.txt" 2>&1 || {
        tail -n 5 "$work/build.txt"
        return 1
    }
}
export TICKERMILL_IMAGE=$project
check "the image is built from the Dockerfile" build_image "$project" "$tickermill"
# The layer of the first COPY is the oldest above the base.
binary_bytes=$(docker history --human=false --format '{{.Size}} {{.CreatedBy}}' "$project" | grep COPY | tail -n 1 | cut -d ' ' -f 1)
check "the binary's layer has $((binary_bytes / 1000000)) MB, less than 60" [ "$binary_bytes" -lt 60000000 ]

# --- up

"$tickermill" synth "$DATA" --tickers 200 --rows-per-ticker 3000 --seed 11 >"$work/synth.txt"
chmod -R a+rX "$work" && chmod a+x "$work"
"$tickermill" run --data "$DATA" --out "$work/outside" --json >"$work/outside.json" 2>"$work/outside.log"

healths() {
    local id
    for id in $(compose ps -q coordinator worker predictor); do
        docker inspect --format '{{.State.Health.Status}}' "$id"
    done | sort | uniq -c | tr -s ' '
}
# until_is SECONDS WANTED COMMAND...: asks until the answer is the one wanted.
until_is() {
    local deadline=$((SECONDS + $1)) wanted=$2 got
    shift 2
    until got=$("$@") && [ "$got" = "$wanted" ]; do
        [ "$SECONDS" -lt "$deadline" ] || { equal "${got:-}" "$wanted" || return 1; }
        sleep 0.2
    done
}
up() { compose up -d --scale "worker=$1" >"$work/up.txt" 2>&1 || { cat "$work/up.txt"; return 1; }; }
down() { compose down --timeout 40 >"$work/down.txt" 2>&1 || { cat "$work/down.txt"; return 1; }; }

check "the cluster comes up" up 2
check "coordinator, two workers and predictor are healthy within 20 s" until_is 20 " 4 healthy" healths

# run_inside NAME [FLAG...]: the one-shot run; its summary goes to NAME.json.
run_inside() {
    local name=$1
    shift
    compose run --rm -e TICKERMILL__VOLUME__TRAIN=false run run --coordinator https://coordinator:7070 --data /data --json "$@" \
        >"$work/$name.json" 2>"$work/$name.log" || { tail -n 5 "$work/$name.log"; return 1; }
}
check "the one-shot run completes" run_inside first
check "with the digest of a run outside" same_output "$work/first.json" "$work/outside.json"

# confined ID: what the kernel says of a container's first process.
confined() {
    local pid status
    pid=$(docker inspect --format '{{.State.Pid}}' "$1")
    status=$(tr '\t' ' ' <"/proc/$pid/status")
    grep -q '^Uid: 65532 65532 65532 65532$' <<<"$status" || { echo "     $(grep '^Uid' <<<"$status")"; return 1; }
    grep -q '^CapEff: 0000000000000000$' <<<"$status" || { echo "     $(grep '^CapEff' <<<"$status")"; return 1; }
    grep -q '^NoNewPrivs: 1$' <<<"$status" || { echo "     $(grep '^NoNewPrivs' <<<"$status")"; return 1; }
    # The options of the mount at / come sixth.
    awk '$5 == "/" { print $6 }' "/proc/$pid/mountinfo" | grep -q '^ro' || { echo "     the root can be written"; return 1; }
}
for role in coordinator worker predictor; do
    for id in $(compose ps -q "$role"); do
        check "a $role is user 65532 with a read-only root, no capabilities, no new privileges" confined "$id"
    done
done
check "the cluster goes down" down

# --- scaling and faults amid a run, with the tests' binary, which can be slowed

slow=$(cd "$repository" && cargo test --quiet --locked --workspace --test binary --no-run --message-format json 2>"$work/cargo.txt" |
    "$python" -c '
import json, sys
# To the end: cargo fails where nobody reads what it says.
made = [json.loads(line) for line in sys.stdin if line.startswith("{")]
print(next(a["executable"] for a in made if a.get("executable") and a["target"]["kind"] == ["bin"] and a["target"]["name"] == "tickermill"))')
strip -g -o "$work/slow" "$slow"
export TICKERMILL_IMAGE=$project:slow
check "an image of the tests' binary is built" build_image "$project:slow" "$work/slow"
cat >"$work/slow.yaml" <<'YAML'
services:
  worker:
    environment:
      TICKERMILL_FAULTS: mid-shard=slow:250
YAML
files+=(-f "$work/slow.yaml")

out() { docker volume inspect --format '{{.Mountpoint}}' "${project}_out"; }
commits() { find "$(out)/runs" -path '*/commits/*' -name '[0-9]*.json' | wc -l; }
coordinator_log() { docker logs "$(compose ps -q coordinator)" 2>&1; }
# wait_for_commits NUMBER: more than there were.
wait_for_commits() {
    local wanted=$(($(commits) + $1)) deadline=$((SECONDS + 60))
    until [ "$(commits)" -ge "$wanted" ]; do
        [ "$SECONDS" -lt "$deadline" ] || { echo "     $(commits) commits, wanted $wanted"; return 1; }
        sleep 0.1
    done
}
pid_of() { docker inspect --format '{{.State.Pid}}' "$(compose ps -q "$1" | sed -n 1p)"; }
scale() { compose up -d --no-recreate --scale "worker=$1" >"$work/scale.txt" 2>&1 || { cat "$work/scale.txt"; return 1; }; }

# amid NAME COMMAND...: a run, and amid it the command. The run must come to the same, and no shard be given to anybody once it
# is committed.
amid() {
    local name=$1 run told
    shift
    told=$(coordinator_log | wc -l)
    run_inside "$name" --force &
    run=$!
    wait_for_commits 2 && "$@" || { wait "$run"; return 1; }
    wait "$run" || return 1
    same_output "$work/$name.json" "$work/outside.json" || return 1
    coordinator_log | tail -n "+$((told + 1))" >"$work/$name.course"
    "$python" - "$work/$name.course" <<'PY'
import re, sys
committed = set()
for line in open(sys.argv[1]):
    told = re.search(r"shard (\d+) attempt \d+ (given to|committed by)", line)
    if told and told[1] in committed:
        sys.exit(f"     again: {line}")
    if told and told[2] == "committed by":
        committed.add(told[1])
sys.exit(0 if len(committed) > 8 else f"     {len(committed)} shards are told of")
PY
}
compose_faults() {
    check "the slowed cluster comes up" up 2
    check "it is healthy" until_is 20 " 4 healthy" healths
    check "workers that come amid a run: the same" amid grow scale 4
    check "  and they were given shards" workers_given grow 4
    check "workers that go amid a run: the same" amid shrink scale 1
    check "two workers again" scale 2
    check "a worker killed amid a run: the same" amid worker_killed kill -9 "$(pid_of worker)"
    check "the coordinator killed amid a run: the same" amid coordinator_killed kill -9 "$(pid_of coordinator)"
    check "both came back by the restart policy" until_is 30 " 4 healthy" healths
    check "a worker cut off for 15 s amid a run: the same" amid cut cut_off
}
# workers_given NAME NUMBER: so many workers were given shards of the run.
workers_given() {
    local given
    given=$(grep -o ' given to [^ ]*' "$work/$1.course" | sort -u | wc -l)
    [ "$given" -ge "$2" ] || { echo "     $given workers were given shards"; return 1; }
}
cut_off() {
    local worker
    worker=$(compose ps -q worker | sed -n 1p)
    docker network disconnect "${project}_default" "$worker"
    sleep 15
    docker network connect "${project}_default" "$worker"
}
compose_faults
finish
