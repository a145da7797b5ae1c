.DEFAULT_GOAL := help
.PHONY: help demo up test test-languages web simulate chaos bench bench-scale fuzz siege selftest images fmt lint clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

demo: ## Set this machine up, run C, Python and Java programs on a real cluster, stop it again
	@scripts/demo

up: ## Set this machine up and leave a cluster running until Ctrl-C
	@scripts/up

test: ## Set this machine up and run every check and every test
	@scripts/test

test-languages: ## Set this machine up, build the images of all languages and prove each of them
	@scripts/test-languages

web: ## Build the web page that the controller holds, after a change in controller/web
	cd controller/web && npm ci --no-audit --no-fund --loglevel=error && npm run build

# SEEDS=5000 for so many, FIRST=301 from there on; SEED=42 for that one alone, with all that happens in it.
simulate: export RUCHE_SIMULATE_SEEDS = $(or $(SEEDS),2000)
simulate: export RUCHE_SIMULATE_FIRST = $(or $(FIRST),1)
ifdef SEED
simulate: export RUCHE_SIMULATE_SEED = $(SEED)
endif
simulate: ## Simulate a cluster in which everything goes wrong, from many seeds
	cargo test --release --locked --package controller --lib simulation::tests::nothing_is_lost -- --nocapture

chaos: ## Set this machine up and break a whole cluster in every way for two minutes
	@scripts/chaos

bench: ## Set this machine up and measure: how long a run takes, against what is promised
	@scripts/bench

bench-scale: ## Measure how a controller grows with runners and queued jobs, against what is promised
	@scripts/bench-scale

fuzz: ## Feed made-up bytes to all that reads what comes from outside (SECONDS=60 for each)
	@scripts/fuzz $(or $(SECONDS),60)

siege: ## Set this machine up and measure what honest clients notice of a thousand idle and a hundred hostile connections
	@scripts/siege

selftest: ## Attack this machine's sandboxes with the hostile programs
	cargo run --release --locked --package runner -- selftest

images: ## Build the images of all languages
	cargo run --release --locked --package runner -- images build

fmt: ## Format the code
	cargo fmt --all

lint: ## Check format and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

clean: ## Remove what was built
	cargo clean
