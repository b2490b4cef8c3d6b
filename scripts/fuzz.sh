#!/usr/bin/env bash
# Runs every fuzz target of the tree for FOR (default 60s) each.
set -euo pipefail
cd "$(dirname "$0")/.."
grep -rl --include='*_test.go' '^func Fuzz' . --exclude-dir=node_modules --exclude-dir=.cache | while read -r file; do
  for target in $(grep -o '^func Fuzz[A-Za-z0-9_]*' "$file" | sed 's/func //'); do
    printf '=== %s %s\n' "$(dirname "$file")" "$target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${FOR:-60s}" "$(dirname "$file")"
  done
done
