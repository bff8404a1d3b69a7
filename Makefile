# make run    builds the project and runs the main job, checking its result
# make test   everything that CI checks
# make help   the rest

GO ?= go
export CGO_ENABLED ?= 0

.PHONY: help
help:
	@echo "make run      build, then index the Go toolchain's source with worker processes (examples/symbols)"
	@echo "make test     everything that CI checks: vet, lint, tests, purego, race, arm64, peers"
	@echo "make build    compile everything"
	@echo "make unit     the tests alone"
	@echo "make bench    the benchmarks of ring, codec and worker"
	@echo "make fuzz     every fuzz target for FUZZTIME each (default 30s)"

.PHONY: build
build:
	$(GO) build ./...

.PHONY: run
run: build
	$(GO) run ./examples/symbols -check

.PHONY: test
test: packages lint unit purego race arm64 peers
	@echo "make test: all passed"

# Debian packages, on a machine of CI only; elsewhere what is missing is skipped.
.PHONY: packages
packages:
	@if [ -n "$$CI" ]; then .ci/packages; fi

.PHONY: lint
lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	GOARCH=arm64 $(GO) vet ./...
	$(GO) vet -tags purego ./shm ./ring ./codec
	$(GO) tool staticcheck ./...

# One package at a time: they start processes and measure waiting.
.PHONY: unit
unit:
	$(GO) test -p 1 -timeout 8m ./...

.PHONY: purego
purego:
	$(GO) test -short -tags purego ./shm ./ring

# The race detector needs cgo, and with it a C compiler.
.PHONY: race
race:
	@if command -v "$$($(GO) env CC)" >/dev/null 2>&1; then \
		echo "CGO_ENABLED=1 $(GO) test -short -race ./shm ./ring ./codec"; \
		CGO_ENABLED=1 $(GO) test -short -race -p 1 ./shm ./ring ./codec; \
	else echo "race tests skipped: no C compiler ($$($(GO) env CC)) on this machine"; fi

# The same tests as an arm64 program, under emulation.
.PHONY: arm64
arm64:
	@if command -v qemu-aarch64 >/dev/null 2>&1; then \
		echo "GOARCH=arm64 $(GO) test -short -exec qemu-aarch64 ./shm ./ring ./codec"; \
		GOARCH=arm64 $(GO) test -short -exec qemu-aarch64 -p 1 ./shm ./ring ./codec; \
	else echo "arm64 tests skipped: no qemu-aarch64 on this machine (Debian: qemu-user)"; fi

# The other transports are a module of their own.
.PHONY: peers
peers:
	$(GO) vet -C bench/peers ./...
	$(GO) test -C bench/peers ./...

.PHONY: bench
bench:
	$(GO) test -run '^$$' -bench . ./ring ./codec ./worker

FUZZTIME ?= 30s
.PHONY: fuzz
fuzz:
	@set -e; for package in ./shm ./ring ./codec; do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
		done; done
