#!/usr/bin/env bash
# Brings ONNX Runtime (MIT licence) into the checkout, from the npm package that carries its library.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

version=1.23.2
sha256=fe70e8de46560c57c2dfb7170770da32dbb21684504a5c904346c44a56e154f2 # of the npm package
library=libonnxruntime.so.1
dir=.cache/onnxruntime

[ "$(uname -sm)" = "Linux x86_64" ] || fail "the npm package carries the library for Linux x86_64 here: install libonnxruntime $version yourself and name it in COUNTERWATCH_ORT"
if [ "$(cat "$dir/version" 2>/dev/null)" = "$version" ] && [ -s "$dir/$library" ]; then
  say "✓ ONNX Runtime $version (there already)"
  exit
fi
command -v npm >/dev/null || fail "npm is needed to fetch ONNX Runtime: install npm"
mkdir -p "$dir"
tmp=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
say "· ONNX Runtime $version (npm package onnxruntime-node, 97 MB)"
(cd "$tmp" && npm pack --silent "onnxruntime-node@$version" >/dev/null) || fail "npm could not fetch onnxruntime-node $version: is there a network?"
echo "$sha256  $tmp/onnxruntime-node-$version.tgz" | sha256sum --check --status || fail "onnxruntime-node $version is not what it was: nothing was kept"
tar -xzf "$tmp/onnxruntime-node-$version.tgz" -C "$tmp" "package/bin/napi-v6/linux/x64/$library"
mv "$tmp/package/bin/napi-v6/linux/x64/$library" "$dir/$library"
echo "$version" >"$dir/version"
say "✓ ONNX Runtime $version"
