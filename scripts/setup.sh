#!/usr/bin/env bash
# Installs what a target needs: Debian packages, Go modules, npm packages. A second run finds everything in place and
# does nothing. Nothing is installed outside the package manager and this checkout (and Go's own caches).
#   setup.sh build   what building and the demo need
#   setup.sh test    the browser and foreign servers for the tests as well      setup.sh check   the protocol compiler as well
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

packages="gcc g++ pkg-config libopencv-dev libopencv-contrib-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev ffmpeg"
case "${1:-build}" in
  test)
    packages="$packages chromium postgresql-15"
    # RTSP servers and networks that nobody here wrote: ingest/foreigntest
    packages="$packages python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
    packages="$packages gstreamer1.0-plugins-ugly vlc-bin vlc-plugin-base iproute2"
    ;;
  check) packages="$packages protobuf-compiler libprotobuf-dev" ;;
esac

mkdir -p .cache
missing=""
for p in $packages; do
  dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done

if [ -n "$missing" ]; then
  command -v apt-get >/dev/null || fail "this set-up knows Debian 12 and its kin; install by hand what corresponds to:$missing"
  as=""
  if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null && sudo true; }; then
      as="sudo"
    else
      fail "these Debian packages are missing and this user may not install them. Ask an administrator to run:
    apt-get install --no-install-recommends$missing"
    fi
  fi
  log=.cache/apt.log
  say "· Debian package lists"
  $as apt-get update -qq >"$log" 2>&1 || { tail -5 "$log" >&2; fail "apt-get update failed (whole log: $log)"; }
  total=$($as apt-get install -s --no-install-recommends $missing 2>/dev/null | grep -c '^\(Inst\|Conf\)' || true)
  set +e
  $as env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing 2>&1 |
    tee "$log" | grep --line-buffered '^\(Unpacking\|Setting up\)' | bar "Debian packages:$missing" "$total"
  status=${PIPESTATUS[0]}
  set -e
  [ "$status" = 0 ] || { tail -5 "$log" >&2; fail "apt-get install failed (whole log: $log)"; }
fi

# Go modules: go.sum decides whether there is anything to do.
stamp=.cache/go.stamp
if [ ! -f "$stamp" ] || [ go.sum -nt "$stamp" ]; then
  command -v go >/dev/null || fail "Go 1.26 is needed: https://go.dev/dl"
  total=$(grep -c ' h1:' go.sum || true)
  go mod download -x 2>&1 | grep --line-buffered -i 'get http.*zip' | bar "Go modules" "$((total / 3))" || true
  go mod download || fail "Go modules could not be downloaded"
  touch "$stamp"
fi

# npm packages: package-lock.json decides.
stamp=web/node_modules/.stamp
if [ -f web/package-lock.json ] && { [ ! -f "$stamp" ] || [ web/package-lock.json -nt "$stamp" ]; }; then
  command -v npm >/dev/null || fail "Node 20 with npm is needed: https://nodejs.org"
  say "· npm packages"
  (cd web && npm ci --no-audit --no-fund --ignore-scripts >../.cache/npm.log 2>&1) || { tail -5 .cache/npm.log >&2; fail "npm ci failed (whole log: .cache/npm.log)"; }
  touch "$stamp"
  say "✓ npm packages"
fi

# InfluxDB, for the tests of the series store.
[ "${1:-build}" != test ] || scripts/influxd.sh
