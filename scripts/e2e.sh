#!/usr/bin/env bash
# Starts the demo, lets a real browser use its page, and ends the demo again.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
mkdir -p .cache
log=.cache/e2e-demo.log
VIDEO="${VIDEO:-$(scripts/demo-video.sh 2>/dev/null || true)}"
bin/demo --config deploy/examples/demo.yaml --listen 127.0.0.1:0 ${VIDEO:+--video "$VIDEO"} --for 5m >"$log" 2>&1 &
demo=$!
trap 'kill -INT $demo 2>/dev/null || true; wait $demo 2>/dev/null || true' EXIT
url=""
for _ in $(seq 60); do
  url=$(grep -om1 'http://127.0.0.1:[0-9]*/signin?token=[A-Za-z0-9_-]*' "$log" || true)
  [ -n "$url" ] && break
  kill -0 $demo 2>/dev/null || { cat "$log"; fail "the demo ended before it printed its address"; }
  sleep 1
done
[ -n "$url" ] || { cat "$log"; fail "the demo printed no address within 60 s"; }
(cd web && COUNTERWATCH_URL="$url" npm run --silent e2e) || { tail -40 "$log"; exit 1; }
