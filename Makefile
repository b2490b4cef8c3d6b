# Counterwatch: everything a person types. `make` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help demo test check bench soak accuracy build fmt gen clean fuzz e2e onnxruntime setup

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: ## the whole of Counterwatch on simulated cameras (FOR=60s ends by itself, VIDEO=file, JSON=file, PORT=8080)
	@scripts/setup.sh build
	@scripts/build.sh
	@scripts/demo.sh

test: ## install what is needed, build, and run every test
	@scripts/setup.sh test
	@scripts/build.sh
	@scripts/test.sh

check: ## the rules: formatting, vet, staticcheck, imports, generated code, the page's types
	@scripts/setup.sh check
	@scripts/check.sh

bench: ## what it costs on this machine, beside others (ONLY=ingest, FOR=60s, JSON=file; RECORD=1 writes docs/BENCHMARKS.md)
	@scripts/setup.sh build
	@scripts/bench.sh

soak: ## whether a node grows in the long run (FOR=2h; a day: FOR=24h; RECORD=1 keeps the result)
	@scripts/setup.sh build
	@scripts/soak.sh

accuracy: ## how right the figures are, against ground truth; writes docs/ACCURACY.md (COUNTERWATCH_DATA=folder, JSON=file, ONLY=part, QUICK=1)
	@scripts/setup.sh build
	@scripts/build.sh
	@go run ./internal/accuracy

build: ## build the page and the programs into bin/
	@scripts/setup.sh build
	@scripts/build.sh

e2e: ## the page in a real browser against a running demo
	@scripts/setup.sh test
	@scripts/build.sh
	@scripts/e2e.sh

fuzz: ## every fuzz target, FOR=60s each
	@scripts/fuzz.sh

onnxruntime: ## bring ONNX Runtime into the checkout: neural detection about four times as fast
	@scripts/onnxruntime.sh

fmt: ## format Go and the page's code
	@gofmt -w $$(git ls-files '*.go')
	@cd web && npx prettier --write --log-level warn .

gen: ## generate code from the protocol (api/proto) and the page's types from it
	@scripts/setup.sh check
	@api/generate.sh
	@cd web && npm run --silent gen

clean: ## remove what was built; caches of downloads stay (rm -rf .cache for those)
	@rm -rf bin web/test-results
	@find web/dist -mindepth 1 ! -name placeholder.html -delete
