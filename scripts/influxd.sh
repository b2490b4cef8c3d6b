#!/usr/bin/env bash
# Builds InfluxDB 1.8.10 (MIT) into .cache/influxd, for the tests of the series store on a real server. Flux is on; it is the
# last release that builds from the Go module proxy alone.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
to=.cache/influxd
[ -x "$to/influxd" ] && exit 0
say "· InfluxDB 1.8.10 (built once, 1-3 minutes)"
mkdir -p "$to"
GOBIN=$PWD/$to GOFLAGS=-mod=mod go install -ldflags "-s -w -X main.version=1.8.10" github.com/influxdata/influxdb/cmd/influxd@v1.8.10 2>"$to/build.log" ||
  { tail -5 "$to/build.log" >&2; fail "influxd could not be built (whole log: $to/build.log)"; }
say "✓ InfluxDB 1.8.10"
