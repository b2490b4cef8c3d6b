#!/bin/sh
# Generates api/pb and api/openapi.json from api/proto. Needs protoc (Debian: apt-get install protobuf-compiler); the plugins
# are built from api/tools. "api/generate.sh --check" changes nothing and fails when the committed files are out of date.
set -eu
cd "$(dirname "$0")"

command -v protoc >/dev/null || { echo "api/generate.sh: protoc is missing; install it: apt-get install protobuf-compiler" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin" "$work/pb" "$work/openapi"
(cd tools && go build -o "$work/bin/" tool && go build -o "$work/bin/openapi" ./openapi)

PATH="$work/bin:$PATH" protoc -I proto \
  --go_out="$work/pb" --go_opt=module=github.com/counterwatch/counterwatch/api/pb \
  --go-grpc_out="$work/pb" --go-grpc_opt=module=github.com/counterwatch/counterwatch/api/pb \
  --grpc-gateway_out="$work/pb" --grpc-gateway_opt=module=github.com/counterwatch/counterwatch/api/pb \
  --openapiv3_out="$work/openapi" \
  proto/counterwatch/v1/*.proto
"$work/bin/openapi" "$work"/openapi/counterwatch/v1/*.json >"$work/openapi.json"

if [ "${1:-}" = --check ]; then
  diff -r pb "$work/pb" -x doc.go && diff openapi.json "$work/openapi.json" && exit 0
  echo "api: generated code is out of date; run make gen and commit" >&2
  exit 1
fi
mkdir -p pb
rm -f pb/*.pb.go pb/*.gw.go
cp "$work"/pb/*.go pb/
cp "$work/openapi.json" openapi.json
