#!/usr/bin/env bash
# Builds, and measures what Counterwatch costs (internal/bench).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh
VIDEO="${VIDEO:-$(scripts/demo-video.sh)}" exec go run ./internal/bench
