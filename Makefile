# The ways in. What each does is in the script of that name under dev/.

.PHONY: help demo stop status token test simulate chaos-runtime faults planted-bugs mutants bench latency schemathesis
.DEFAULT_GOAL := help

help: ## shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

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

simulate: ## runs the runtime over a model of Kafka that fails by a seed: make simulate SEEDS=100000, or SEEDS==42 for a trace
	@dev/simulate $(SEEDS)

chaos-runtime: ## ten minutes of misfortune for three processors on real servers: make chaos-runtime SECONDS=60
	@dev/chaos-runtime $(SECONDS)

faults: ## ten minutes of gateways at which things go wrong: no payment is stuck, no cent is lost: make faults SECONDS=60
	@dev/faults $(SECONDS)

schemathesis: ## ten minutes of requests that are made up from the description of the API: make schemathesis SECONDS=60
	@dev/schemathesis $(SECONDS)

planted-bugs: ## plants bugs in a copy of the sources and lets the simulation find them
	@dev/planted-bugs

mutants: ## changes the runtime and the rules, one expression at a time, and lists what no test notices: takes hours
	@dev/mutants $(ARGS)

bench: ## measures a release build on servers of its own: make bench ARGS=--help
	@dev/bench $(ARGS)

latency: ## measures how long it takes from an input to a committed output: make latency ARGS=--help
	@dev/latency $(ARGS)
