# Commands:
#
#   make run      start everything on this machine with a demo program: http://localhost:8000 (PORT=9000 for another port, DEMO=0 without the demo)
#   make test     run every test, in a real browser too
#   make shop     run a real shop beside make run, connected to it: http://localhost:8010 (SHOP_PORT=... for another port)
#   make quick    run the tests that your change touches (BASE=main for all since a revision)
#   make check    lint, types, import contracts, templates, wording, migrations, settings for production
#   make fix      fix what ruff and djlint can fix
#   make faults   kill the close, PostgreSQL, Valkey and beat many times, follow docs/deploy.md, and run the tests with generated cases long; print figures (CLOSE_KILLS=... and others set the sizes)
#   make bench    measure speed as ratios; write benchmarks/RESULTS.md (PARTS="redirect close" for some)
#   make scale    run two click nodes, two web nodes, pgbouncer, a primary and two standbys on this machine, load them and end them one by one; print a table (SCALE_MIXED_SECONDS=1200 and others set the sizes)
#   make mutants  change the code that decides about money and see whether tests notice; write tests/mutants/RESULTS.md
#   make docs     write the pages of docs/ that a test generates and compares
#   make pictures make the pictures of docs/images; needs Chromium
#   make dump     write the dump of this version, from which later ones are tested to upgrade; once, at its release
#   make audit    look up known vulnerabilities of what is installed; needs the network
#   make clean    remove the embedded servers' data and what tools left behind
#
# The machine needs Python 3.11 or later; PYTHON=... names another than python3.

PYTHON ?= python3
DEBUG ?= 1
export DEBUG
# Python keeps what it has compiled. Otherwise every worker, and each process that a test starts, compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.PHONY: image-tools run shop test quick faults check types rest bench scale mutants fix docs pictures dump audit clean venv browser

BIN := .venv/bin
LOCAL_APPS := lib audit accounts mail affiliates agreements tracking payouts compliance creatives shops messaging portal
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

# mypy and some checks read the settings but need no server, so this address has none.
NO_SERVERS := DATABASE_URL=postgres://nobody@127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1/0
PRODUCTION := $(NO_SERVERS) DEBUG=0 SECRET_KEY=$(shell head -c 48 /dev/urandom | base64 | tr -d '\n') BASE_URL=https://example.com \
	ALLOWED_HOSTS=example.com EMAIL_URL=smtp://127.0.0.1:25 DEFAULT_FROM_EMAIL=affiliates@example.com TRUSTED_PROXIES=1 \
	STATE_DIR=.local/check $(foreach name,CLICK_ID_KEYS PAYOUT_DETAILS_KEYS PERSONAL_HASH_KEY,$(name)=$(shell head -c 48 /dev/urandom | base64 | tr -d '\n'))

# White space matters in mail and in allauth's elements.
UNFORMATTED := --extend-exclude templates/mail,templates/allauth/elements

run: .venv/installed-run
	@exec $(BIN)/python -m config.run

shop: .venv/installed-run .venv-shop/installed
	@exec $(BIN)/python -m tests.shop

# Files whose tests share an expensive fixture or servers stay with one worker (`tests/conftest.py`). A test that fails
# runs once more, because browsers and killed servers keep their own time; the summary names each as RERUN, so that its
# cause can be found and fixed. `make quick` and `make faults` run each test once.
test: .venv/installed-test .venv-shop/installed browser
	$(BIN)/python -m pytest -n 2 --reruns 1

quick: .venv/installed-test
	$(BIN)/python -m tests.quick

# A browser test that finds no browser is skipped, except where CI=true: there it fails.
REQUIRE_BROWSER ?= $(if $(filter true,$(CI)),1)
export REQUIRE_BROWSER
# PHP runs what is pasted into WooCommerce; without it, those tests are skipped. The headless shell is Chromium without
# windows, in which the tests need a third of the processor's time; where there is none, the whole browser is used.
APT_INSTALL := DEBIAN_FRONTEND=noninteractive apt-get -qq --yes install
browser:
	@{ command -v php && command -v chromium-headless-shell; } >/dev/null || \
		! command -v apt-get >/dev/null || test "$$(id -u)" != 0 || \
		{ apt-get -qq update && $(APT_INSTALL) chromium-headless-shell fonts-liberation php-cli >/dev/null; } || \
		{ command -v php && { command -v chromium || command -v chromium-browser || command -v google-chrome; }; } >/dev/null || \
		$(APT_INSTALL) chromium fonts-liberation php-cli >/dev/null

# What builds and runs the image in tests/containers.
IMAGE_TOOLS := buildah podman runc debootstrap
image-tools:
	@missing=; for tool in $(IMAGE_TOOLS); do command -v $$tool >/dev/null || missing=1; done; \
	test -z "$$missing" || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || { apt-get -qq update && \
	DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends install $(IMAGE_TOOLS) >/dev/null; }

# The tests with generated cases. They kill no process, so two workers share them.
LONG_FORMS := tests/simulation tests/payouts/test_rollups.py tests/shops/test_api_schema.py tests/portal/test_hostile_requests.py \
	tests/shops/connectors tests/portal/monitoring/test_alert_rules.py tests/portal/test_accessibility.py

# The sizes of the long forms; the same tests are part of `make test`, with small ones.
faults: export CLOSE_KILLS ?= 1000
faults: export POSTGRES_CRASHES ?= 200
faults: export CONCURRENT_CLOSES ?= 25
faults: export QUEUE_LOSSES ?= 10
faults: export DISCONNECTS ?= 50
faults: export FAULT_ROUNDS ?= 5
faults: export SIMULATION_RUNS ?= 10000
faults: export ROLLUP_RUNS ?= 500
faults: export SCHEMA_CASES ?= 2000
faults: export HOSTILE_REQUESTS ?= 30000
faults: export SHOP_DELIVERIES ?= 1000
faults: export SCALE_STEP_SECONDS ?= 5
faults: export SHOP_EVENT_MINUTES ?= 1
faults: export PROMETHEUS ?= 1
faults: export DEPLOY_RESTARTS ?= 10
faults: export ACCESSIBILITY ?= all
faults: .venv/installed-test image-tools
	$(BIN)/python -m pytest $(if $(filter $(LONG_FORMS:tests/simulation=tests/simulation%),$(PARTS)),-n 2) $(or $(PARTS),tests/faults tests/deploy)
	$(if $(PARTS),,$(BIN)/python -m pytest -n 2 $(LONG_FORMS))
	$(if $(PARTS),,IMAGE=1 $(BIN)/python -m pytest tests/containers)

# Types take as long as everything else, so both run at once.
check: .venv/installed-test
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target types rest

types: .venv/installed-test
	$(NO_SERVERS) $(BIN)/mypy .

rest: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m tests.wording
	$(BIN)/djlint --check $(UNFORMATTED) templates
	$(BIN)/djlint --lint --quiet templates
	$(NO_SERVERS) $(BIN)/python -W "ignore:Got an error checking a consistent migration history" \
		manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py collectstatic --no-input --verbosity 0
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml config $(LOCAL_APPS)

bench: .venv/installed-test
	$(BIN)/python -m benchmarks $(PARTS)

scale: .venv/installed-test
	$(BIN)/python -m tests.scale

mutants: .venv/installed-test
	$(BIN)/python -m tests.mutants

fix: .venv/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	-$(BIN)/djlint --reformat --quiet $(UNFORMATTED) templates

docs: .venv/installed-test
	UPDATE_DOCS=1 $(BIN)/python -m pytest -q tests/stories/test_money_walkthrough.py tests/test_docs.py tests/config/test_configuration_page.py

pictures: .venv/installed-test browser
	UPDATE_PICTURES=1 $(BIN)/python -m pytest -q tests/browser/test_pictures.py $(if $(PICTURES),-k $(PICTURES))

dump: .venv/installed-test
	$(BIN)/python -m tests.upgrade.release_dump

audit: .venv/installed-test
	$(BIN)/pip-audit

clean:
	cd config && for folder in $(addprefix ../,$(wildcard .local/gw*)) ../.local; do $(PYTHON) -m embedded clean $$folder; done
	rm -rf artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

venv: .venv/installed-test

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Accord needs Python 3.11 or later")'
	$(PYTHON) -m venv .venv

# Empty files that are newer than the requirements once those are installed.
.venv/installed-run: requirements.txt requirements-local.txt constraints.txt | .venv/bin/python
	$(INSTALL) -r requirements-local.txt
	@touch $@

.venv/installed-test: requirements.txt requirements-local.txt requirements-dev.txt constraints.txt | .venv/bin/python
	$(INSTALL) -r requirements-dev.txt
	@touch $@ .venv/installed-run

# The shop of tests/shop has an environment of its own, because it needs an older django-tables2.
.venv-shop/installed: requirements-shop.txt
	$(PYTHON) -m venv .venv-shop
	.venv-shop/bin/pip install --quiet --disable-pip-version-check -r requirements-shop.txt
	@touch $@
