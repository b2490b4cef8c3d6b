#!/usr/bin/env bash
# Runs a node for a long time (FOR=2h; a day is FOR=24h) on cameras that misbehave, at the lowest priority, and says whether
# memory, descriptors or goroutines grew. The programs are copied first, so that builds do not disturb them. The record goes
# to OUT (default .cache/bench/soak.csv); `go run ./internal/bench soak-report FILE` reads it again, also while it grows.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh
programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
cp bin/node bin/camsim "$programs/"
go build -o "$programs/bench" ./internal/bench
BIN="$programs" FOR="${FOR:-2h}" nice -n 19 "$programs/bench" soak "${OUT:-.cache/bench/soak.csv}"
