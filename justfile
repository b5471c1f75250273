# The commands themselves are in .ci/run, which needs no `just`.

# What there is
default:
    @just --list

# The release binary, target/release/tickermill
build:
    .ci/run build

# The tests of all crates
test:
    .ci/run test

# Format the code; `just ci` only checks
fmt:
    cargo fmt --all

# Lints, as errors
clippy:
    .ci/run clippy

# The documentation of all crates, its warnings as errors
docs:
    .ci/run docs

# End-to-end scripts with the release binary
e2e:
    .ci/run e2e

# Against the peers of ../shared
bench:
    bench/compare.sh

# Each fault of the cluster's tests as often as it takes to trust them
soak:
    .ci/run soak

# The predictor against FastAPI with ONNX Runtime
bench-predict:
    bench/predict.sh

# A cluster against one process
bench-cluster:
    bench/cluster.sh

# Everything that a change must pass
ci:
    .ci/run

# The generated code of the protocol, anew from proto/cluster/v1
proto:
    cargo run --package tickermill-proto-generate
