#!/usr/bin/env bash
# Prints the path of the demo's real surveillance video. Debian's opencv-doc package carries it (vtest.avi, PETS 2009);
# the package is downloaded and unpacked into the cache, not installed. Prints nothing, with a notice, when that fails.
set -uo pipefail
cd "$(dirname "$0")/.."
out=.cache/video/vtest.avi
if [ ! -s "$out" ]; then
  mkdir -p .cache/video
  tmp=$(mktemp -d .cache/video/deb.XXXXXX)
  trap 'rm -rf "$tmp"' EXIT
  printf '· real video (Debian package opencv-doc, 96 MB)\n' >&2
  if (cd "$tmp" && { apt-get download opencv-doc || { apt-get update && apt-get download opencv-doc; }; } >../apt.log 2>&1) &&
    dpkg-deb --fsys-tarfile "$tmp"/opencv-doc_*.deb | tar -x -C "$tmp" --wildcards '*/vtest.avi*' 2>>.cache/video/apt.log; then
    found=$(find "$tmp" -name 'vtest.avi*' -print -quit)
    case "$found" in
      *.gz) gunzip -c "$found" >"$tmp/v" && mv "$tmp/v" "$out" ;;
      ?*) mv "$found" "$out" ;;
    esac
  fi
fi
if [ -s "$out" ]; then
  printf '%s\n' "$out"
else
  printf '! the real video could not be fetched (.cache/video/apt.log): the demo runs without it; VIDEO=path uses one of yours\n' >&2
fi
