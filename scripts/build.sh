#!/usr/bin/env bash
# Builds the page and the five programs into bin/, rebuilding only what changed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

if [ ! -f web/dist/index.html ] || [ -n "$(find web/src web/index.html web/package-lock.json web/vite.config.ts -newer web/dist/index.html -print -quit)" ]; then
  (cd web && npm run --silent build >../.cache/web.log 2>&1) || { tail -20 .cache/web.log >&2; fail "the page did not build (whole log: .cache/web.log)"; }
  say "✓ page"
fi

version=$(git describe --tags --always --dirty 2>/dev/null || echo unknown)
flags="-s -w -X github.com/counterwatch/counterwatch/models.Version=$version"
total=$(go list -deps ./cmd/... 2>/dev/null | wc -l)
mkdir -p bin
{
  CGO_ENABLED=1 go build -v -trimpath -ldflags "$flags" -o bin/ ./cmd/node ./cmd/demo ./cmd/camsim ./cmd/cwctl 2>&1 &&
  CGO_ENABLED=0 go build -v -trimpath -ldflags "$flags" -o bin/ ./cmd/central 2>&1 && echo built
} | tee .cache/build.log | bar "Go programs" "$total"
[ "$(tail -1 .cache/build.log)" = built ] || { cat .cache/build.log >&2; fail "the Go programs did not build"; }
