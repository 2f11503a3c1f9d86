# eKMC2.0: `make` prints this help; the README tells the story.
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/bash
.DEFAULT_GOAL := help

CC     ?= gcc
ifeq ($(origin CC),default)
CC     := gcc
endif
BUILD  ?= build
PORT   ?= 8080
RUN    ?= .run
SAN    ?=
PYTHON := /usr/bin/python3
JOBS   := $(shell nproc)
V      ?= 0
Q      := $(if $(filter 1,$(V)),,@)
say     = $(if $(filter 1,$(V)),,@echo '  $(1) $@')

PKGS   := libsodium jansson libmariadb hiredis libuv inih libsystemd liboath
BPKGS  := libxml-2.0 libcurl
IPKGS  := gdlib libmagic libseccomp

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wundef -Wcast-qual -Wwrite-strings -Wswitch-enum -Wnull-dereference -Werror
HARD := -fno-common -fstack-protector-strong -fstack-clash-protection -fPIE
ifeq ($(SAN),)
HARD += -D_FORTIFY_SOURCE=3
endif
CFLAGS  := -std=c17 -D_GNU_SOURCE -O2 -g $(WARN) $(HARD) $(SAN) $(EXTRA_CFLAGS)
LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack $(SAN)
# the headers of libraries are not ours to warn about
INC     := -Ifcgi -I. $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) $(BPKGS) $(IPKGS) 2>/dev/null))
LIBS    := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lfcgi -lpthread
BLIBS   := $(shell pkg-config --libs $(BPKGS) 2>/dev/null)
ILIBS   := $(shell pkg-config --libs $(IPKGS) 2>/dev/null)

obj = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)))
CORE   := $(call obj,fcgi/core/*.c)
DOMAIN := $(call obj,fcgi/domain/*.c)
HTTP   := $(call obj,fcgi/http/*.c)
API    := $(call obj,fcgi/api/*.c)
CTL    := $(call obj,fcgi/ctl*.c)
IMAGE  := $(call obj,fcgi/image*.c)
BRIDGE := $(call obj,bridge/*.c)
UNIT   := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
ALLOBJ := $(CORE) $(DOMAIN) $(HTTP) $(API) $(CTL) $(IMAGE) $(BRIDGE) $(BUILD)/fcgi/main.o
BINS   := $(BUILD)/ekmc-fcgi $(BUILD)/ekmc-image $(BUILD)/ekmc-bridge $(BUILD)/ekmc-ctl

help: ## this text
	@echo "eKMC2.0, the grievance redressal system of the Kolkata Municipal Corporation"; echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

deps: ## install the Debian packages that `make run` needs (skipped when present)
	@sh tests/stack/deps.sh run

build: deps ## compile everything into build/
	@$(MAKE) -j$(JOBS) bins

bins: $(BINS)

run: build ## start the whole system on 127.0.0.1:8080 (PORT=) with demo data, print where to look, return
	@$(PYTHON) tests/stack/stack.py up --dir $(RUN) --port $(PORT)

stop: ## stop what `make run` started; the data stays
	@$(PYTHON) tests/stack/stack.py down --dir $(RUN)

reset: ## stop, throw the data away
	@$(PYTHON) tests/stack/stack.py reset --dir $(RUN)

logs: ## follow the logs of what `make run` started
	@$(PYTHON) tests/stack/stack.py logs --dir $(RUN)

doctor: ## say what is missing on this machine and what runs
	@$(PYTHON) tests/stack/stack.py doctor --dir $(RUN)

test: ## everything: unit, sanitizers, API on a real stack, browser (sets up what it needs, on ports of its own)
	@sh tests/stack/deps.sh test
	@$(MAKE) -j$(JOBS) bins unit-bins
	@$(MAKE) test-unit test-san test-stack test-api test-web

unit-bins: $(UNIT)

test-unit: unit-bins ## the unit tests
	@set -e; for t in $(UNIT); do $$t; done

test-san: ## the unit tests under ASan+UBSan, the threaded ones under TSan
	@$(MAKE) -j$(JOBS) BUILD=build/asan SAN="-fsanitize=address,undefined -fno-sanitize-recover=all" unit-bins
	@$(MAKE) BUILD=build/asan SAN="-fsanitize=address,undefined" test-unit
	@$(MAKE) -j$(JOBS) BUILD=build/tsan SAN="-fsanitize=thread" build/tsan/unit/test_queue build/tsan/unit/test_reactor build/tsan/unit/test_chores
	@set -e; for t in build/tsan/unit/test_queue build/tsan/unit/test_reactor build/tsan/unit/test_chores; do $$t; done

test-stack: ## what starts the servers, and the lints, each shown to fail
	@$(PYTHON) -m pytest -q -p no:cacheprovider tests/stack tests/lint

test-api: bins ## the API on real stacks, faults included
	@$(PYTHON) -m pytest -q -n 2 --dist loadfile tests/api

test-clock: bins ## 10,000 promises broken at one stroke, each escalated within a minute (test-api has the short form)
	@CLOCK_BREACHES=10000 $(PYTHON) -m pytest -q -s tests/api/test_clock.py -k many_breaches

test-web: bins ## the pages in a real browser
	@cd tests/web && npm ci --loglevel=error --no-audit --no-fund && node run.mjs

bench: ## the ratios of design section 13, measured in this run (BENCH="--quick", "--only NAME", "--pairs N", "--json FILE")
	@sh tests/stack/deps.sh bench
	@$(MAKE) -j$(JOBS) bins $(BUILD)/bench/bare_lodge
	@$(PYTHON) tests/bench/bench.py $(BENCH)

check: ## format, tidy, cppcheck, analyzer, layers, banned functions, documented keys and routes
	@sh tests/stack/deps.sh check
	@$(PYTHON) tests/lint/check.py

clean: ## remove build/
	rm -rf build

# for tests/lint: the flags stand here only
print-%:
	@echo '$($*)'

$(BUILD)/libcore.a: $(CORE)
$(BUILD)/libdomain.a: $(DOMAIN)
$(BUILD)/libhttp.a: $(HTTP)
$(BUILD)/%.a:
	@rm -f $@
	@ar rcs $@ $^

ARCHIVES := $(BUILD)/libhttp.a $(BUILD)/libdomain.a $(BUILD)/libcore.a

$(BUILD)/ekmc-fcgi: $(BUILD)/fcgi/main.o $(API) $(ARCHIVES)
	$(call say,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
# a process of its own, and the only one that knows how to decode a picture
$(BUILD)/ekmc-image: $(IMAGE)
	$(call say,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(ILIBS)
$(BUILD)/ekmc-ctl: $(CTL) $(BUILD)/libdomain.a $(BUILD)/libcore.a
	$(call say,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/ekmc-bridge: $(BRIDGE) $(ARCHIVES)
	$(call say,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) $(BLIBS)
# a unit test may look into the API's and the bridge's objects, never into a main()
PROBES := $(BUILD)/fcgi/image_probe.o $(BUILD)/fcgi/image_confine.o
$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(API) $(PROBES) $(filter-out $(BUILD)/bridge/main.o,$(BRIDGE)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) $(BLIBS) -lseccomp -lcmocka
$(BUILD)/bench/bare_lodge: $(BUILD)/tests/bench/bare_lodge.o $(BUILD)/libcore.a
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(CFLAGS) $(INC) -MMD -MP -c -o $@ $<

-include $(ALLOBJ:.o=.d) $(patsubst %,$(BUILD)/tests/unit/%.d,$(notdir $(UNIT)))

.SECONDARY:
.PHONY: help deps build bins run stop reset logs doctor test unit-bins test-unit test-san test-stack test-api test-clock test-web bench check clean
