#!/usr/bin/env bash
# The rules of the house. `check.sh quick` leaves out what takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

unformatted=$(gofmt -l $(git ls-files '*.go'))
[ -z "$unformatted" ] || fail "not formatted (make fmt): $unformatted"
go vet ./...
(cd web && npm run --silent check)
say "✓ formatting, vet, the page's types"
[ "${1:-}" = quick ] && exit 0

go test -count=1 . ./internal/config
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
api/generate.sh --check
if command -v golangci-lint >/dev/null; then golangci-lint run; else say "· golangci-lint is not installed: its part is left out"; fi
say "✓ all checks passed"
