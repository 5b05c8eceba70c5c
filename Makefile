# The ways in. What each does is in the script of that name under dev/.

.PHONY: help demo stop status token test bench
.DEFAULT_GOAL := help

help: ## shows this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: ## brings everything up, sends a few payments, shows what became of them, and leaves it running
	@dev/demo

stop: ## stops what the demo left running; its data stays
	@dev/processes down
	@dev/stack --name dev down
	@echo 'All is stopped. The data stays for the next "make demo"; "dev/stack reset" deletes it.'

status: ## shows the servers and processes of the demo
	@dev/stack --name dev status || true
	@dev/processes status || true

token: ## prints a token for the demo's tenant and nothing else
	@dev/quittance token --tenant demo --role merchant

test: ## checks style, and runs all tests on servers of their own
	@dev/test

bench: ## measures a release build on servers of its own: make bench ARGS=--help
	@dev/bench $(ARGS)
