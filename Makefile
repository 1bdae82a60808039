# `make` lists the words. Everything runs in .venv, made by uv from uv.lock; where there is no uv, one is put into .uv.

export PYTHONSAFEPATH := 1
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
RUN = $(UV) run --locked
POSTGRES := $(or $(shell command -v initdb 2>/dev/null),$(wildcard /usr/lib/postgresql/*/bin/initdb))
PROMETHEUS := $(and $(shell command -v prometheus 2>/dev/null),$(shell command -v prometheus-alertmanager 2>/dev/null))
CHROMIUM := $(shell command -v chromium 2>/dev/null)
SYSTEMD := $(shell command -v systemd-analyze 2>/dev/null)
LACKING := $(strip $(if $(POSTGRES),,postgres) $(if $(PROMETHEUS),,prometheus) $(if $(CHROMIUM),,chromium) $(if $(SYSTEMD),,systemd))
SPACE := $(subst ,, )
PRESENT := $(if $(LACKING),-m "not ($(subst $(SPACE), or ,$(LACKING)))")
# Cores share tests file by file, because the tests of a file share servers; tests/conftest.py has the order.
SHARED := -n auto --dist loadfile --no-loadscope-reorder
SECRETS := $(addprefix deploy/secrets/,postgres_password database_url cases_database_url encryption_keys cases_encryption_keys claim_keys seal_key)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test kills replay check fmt wheel up down clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(UV) ## everything this project needs, into .venv
	$(UV) sync --locked

demo: setup ## six relationships through 26 weeks on this computer, real mail and calendar (ARGS=--exit)
	$(RUN) mentoring demo $(ARGS)

test: setup ## every test, on all cores; provisions the Temporal server they need, about 5 minutes once (ARGS="-k hold" for a few)
	$(RUN) mentoring provision
ifeq ($(ARGS),)
	PYTHONHASHSEED=1 $(RUN) pytest -q $(SHARED) tests/domain
	PYTHONHASHSEED=2 $(RUN) pytest -q $(SHARED) tests/domain
	$(RUN) pytest $(SHARED) --ignore=tests/domain $(PRESENT)
else
	$(RUN) pytest $(PRESENT) $(ARGS)
endif

kills: setup ## 500 times SIGKILL while reports are made and handled, and not one is lost (KILLS=20 SEED=2 for others)
	$(RUN) mentoring provision
	KILLS=$(or $(KILLS),500) SEED=$(or $(SEED),1) $(RUN) pytest -s tests/workflows/test_report_kills.py

replay: setup ## recorded histories against this code, without a server
	$(RUN) pytest tests/replay $(ARGS)

check: setup ## what a reviewer should not have to say: format, lint, types, imports, lock
	$(RUN) ruff format --check
	$(RUN) ruff check
	$(RUN) mypy --strict -p mentoring_lifecycle
	$(RUN) lint-imports
	$(UV) lock --check

fmt: setup ## format, and mend what can be mended
	$(RUN) ruff format
	$(RUN) ruff check --fix

wheel: $(UV) ## the wheel, into dist/
	$(UV) build --wheel

up: $(SECRETS) ## the whole installation in containers: Temporal, PostgreSQL, mail, calendar, metrics
	docker compose up --build --detach

down: ## stop the containers; their data stays
	docker compose down

clean: ## throw away wheels and caches; .venv stays
	rm -rf dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/python -m pip install --quiet uv

# Made once and kept: the database remembers its password, and histories need their key.
# Readable inside the containers, whose users are not yours; the folder keeps others on this computer out.
deploy/secrets/postgres_password:
	chmod 700 $(@D)
	python3 -c "import secrets; print(secrets.token_urlsafe(24), end='')" > $@
	chmod 644 $@

deploy/secrets/database_url: deploy/secrets/postgres_password
	printf 'postgresql://mentoring:%s@postgres/mentoring' "$$(cat $<)" > $@
	chmod 644 $@

deploy/secrets/cases_database_url: deploy/secrets/database_url
	printf '%s_cases' "$$(cat $<)" > $@
	chmod 644 $@

deploy/secrets/encryption_keys deploy/secrets/cases_encryption_keys deploy/secrets/claim_keys:
	chmod 700 $(@D)
	python3 -c "import base64, secrets; print('1:' + base64.b64encode(secrets.token_bytes(32)).decode(), end='')" > $@
	chmod 644 $@

deploy/secrets/seal_key:
	chmod 700 $(@D)
	python3 -c "import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode(), end='')" > $@
	chmod 644 $@
