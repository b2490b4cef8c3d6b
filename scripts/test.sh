#!/usr/bin/env bash
# Every test, in the order in which a failure is cheapest to learn: rules, Go, the programs without cgo, the page, the whole
# thing in a browser. Each runner prints its own closing lines.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
failed=""
step() { # step NAME COMMAND...
  local name=$1 start=$SECONDS
  shift
  say "=== $name"
  "$@" || failed="$failed
  $name"
  say "--- $name: $((SECONDS - start)) s"
}
[ -n "${COUNTERWATCH_DATA:-}" ] || say "! COUNTERWATCH_DATA is not set: tests against recorded videos and ground truth are skipped, each by name"

step "formatting" scripts/check.sh quick
step "Go packages" go test -timeout 15m ./...
step "Go packages without cgo" env CGO_ENABLED=0 go test ./cmd/central/... ./cmd/cwctl/...
step "pictures freed by OpenCV" go test -tags matprofile -run MatsAreFreed ./analytics/native/opencv
step "Go packages with goroutines, race detector" go test -race -short -timeout 15m ./ingest/... ./analytics ./outbox/... ./bus/... ./central/... ./internal/flood/... ./internal/centralapp/...
step "page" sh -c 'cd web && npm run --silent test'
step "page in a browser, on the running demo" scripts/e2e.sh

[ -z "$failed" ] || fail "these steps failed:$failed"
say "✓ all tests passed in $SECONDS s"
