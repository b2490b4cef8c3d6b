#!/usr/bin/env bash
# Runs every fuzz target of the tree for FOR (default 60s) each, goes on after a failure, and says at the end which failed.
# ONLY=pattern takes those whose folder and name match (grep -E). Inputs are made smaller by a few steps only: by default that
# takes a minute each.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
targets=$(grep -rEo --include='*_test.go' --exclude-dir=node_modules --exclude-dir=.cache '^func Fuzz[A-Za-z0-9_]*' . |
  sed -E 's|^(.*)/[^/]*:func (Fuzz.*)$|\1 \2|' | sort -u | grep -E "${ONLY:-.}")
total=$(wc -l <<<"$targets") n=0 failed=""
log=$(mktemp)
trap 'rm -f "$log"' EXIT
say "· $total fuzz targets, ${FOR:-60s} each"
while read -r dir target; do
  n=$((n + 1)) start=$SECONDS
  if go test -run '^$' -fuzz "^$target\$" -fuzztime "${FOR:-60s}" -fuzzminimizetime 200x "$dir" >"$log" 2>&1; then
    say "✓ $n/$total $dir $target: $(grep -o 'execs: [0-9]*' "$log" | tail -1), $((SECONDS - start)) s"
  else
    say "✗ $n/$total $dir $target"
    tail -25 "$log" | sed 's/^/    /'
    failed="$failed
  $dir $target"
  fi
done <<<"$targets"
[ -z "$failed" ] || fail "these fuzz targets failed; what broke them is kept in testdata/fuzz of their folders:$failed"
say "✓ nothing found by $total fuzz targets in $SECONDS s"
