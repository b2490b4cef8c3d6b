#!/usr/bin/env bash
# Starts the demo: finds the real video and the default net (each tried briefly, once) and hands over to bin/demo.
set -euo pipefail
cd "$(dirname "$0")/.."
video="${VIDEO:-$(scripts/demo-video.sh)}"
args=(--config deploy/examples/demo.yaml --listen "127.0.0.1:${PORT:-8080}")
[ -n "$video" ] && args+=(--video "$video")
[ -n "${FOR:-}" ] && args+=(--for "$FOR")
[ -n "${JSON:-}" ] && args+=(--json "$JSON")
exec bin/demo "${args[@]}"
