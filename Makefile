# Charla: one Makefile, no recursion into folders. Objects go to build/$(MODE)/, so modes never mix.
#
#   make                 fcgi-app and push-server        make run          everything, on loopback
#   make test            unit, integration, browser      make check        what a release must pass
#   make asan | tsan     instrumented builds, unit tests make fuzz         SECS=30 for each target
#   make asan-integration  the integration tests on the instrumented programs
#   make bench | soak    figures | long kill tests       make lint | format
#   make ws-echo         the WebSocket layer alone, for conformance suites (tests/ws-echo)
#   make www             the page's libraries            make install      DESTDIR= PREFIX=
#
# MODE=release (default), debug, asan, tsan, fuzz, kill.  WERROR=1 makes warnings fatal, V=1 shows
# the commands.
# CC, CFLAGS, LDFLAGS are yours.

MODE   ?= release
PREFIX ?= /usr/local
PKG    ?= pkg-config
SECS   ?= 30
B      := build/$(MODE)

# --- what each program needs -------------------------------------------------------------------
PKGS_app     := libcurl libcrypto sqlite3 jansson
PKGS_push    := libwebsockets libssl libcrypto sqlite3 jansson
PKGS_standin := libevent jansson
# Debian's libfcgi and libev have no .pc file before trixie.
LIBS_app     = $(shell $(PKG) --libs $(PKGS_app)) -lfcgi -pthread
LIBS_push    = $(shell $(PKG) --libs $(PKGS_push)) -lev -lm -ldl -pthread
LIBS_standin = $(shell $(PKG) --libs $(PKGS_standin))

# --- flags -------------------------------------------------------------------------------------
STD  := -std=c17 -D_GNU_SOURCE
INC  := -Ishared -Ifcgi-app -Ipush-server
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wvla -Wundef \
        -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
        -Wpointer-arith -Wcast-qual -Wwrite-strings -Wimplicit-fallthrough
HARD := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
        -fstack-clash-protection -fPIE $(if $(filter x86_64,$(shell uname -m)),-fcf-protection)
SAN  := -fno-sanitize-recover=all -fno-omit-frame-pointer

OPT_release := -O2 -g $(HARD)
LD_release  := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed
OPT_debug   := -Og -g3
# kill: the release build plus the points where a test may end the process (shared/killpoint.h)
OPT_kill    := $(OPT_release) -DKILLPOINTS=1
LD_kill     := $(LD_release)
OPT_asan    := -O1 -g -fsanitize=address,undefined -DKILLPOINTS=1 $(SAN)
LD_asan     := -fsanitize=address,undefined
OPT_tsan    := -O1 -g -fsanitize=thread $(SAN)
LD_tsan     := -fsanitize=thread
OPT_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined $(SAN)
LD_fuzz     := -fsanitize=fuzzer,address,undefined
LD_unitlibs := -lcmocka

COMPILE = $(CC) $(STD) $(WARN) $(if $(WERROR),-Werror) $(OPT_$(MODE)) $(INC) -MMD -MP \
          $(CPPFLAGS) $(CFLAGS)
LINK    = $(CC) $(LD_$(MODE)) $(LDFLAGS)

# --- sources: a new .c file is found by itself; main.c never lands in a test --------------------
obj       = $(patsubst %.c,$(B)/%.o,$(1))
shared   := $(call obj,$(wildcard shared/*.c))
app      := $(call obj,$(filter-out %/main.c,$(wildcard fcgi-app/*.c))) $(B)/gen/migrations.o
push     := $(call obj,$(filter-out %/main.c,$(wildcard push-server/*.c))) $(B)/gen/dash_table.o
standin  := $(call obj,$(filter-out %/main.c,$(wildcard tests/gemini-standin/*.c)))
bench    := $(call obj,$(wildcard tests/bench/push/*.c))
programs := $(B)/bin/fcgi-app $(B)/bin/push-server
unit     := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
benches  := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/bench_*.c))
fuzz     := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
ours     := $(wildcard fcgi-app/*.[ch] push-server/*.[ch] shared/*.[ch] tests/*/*.[ch] tests/bench/*/*.[ch])

say = $(if $(V),,@echo "  $(1) $@";)

all: $(programs)

# --- rules -------------------------------------------------------------------------------------
# The compile line itself is a prerequisite: another CC or CFLAGS rebuilds.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' > $@
FORCE:

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC) $(COMPILE) -c -o $@ $<

$(B)/gen/migrations.c: sql/embed.sh $(sort $(wildcard sql/*.sql))
	@mkdir -p $(@D)
	@sh $^ > $@
$(B)/gen/migrations.o: $(B)/gen/migrations.c $(B)/flags
	$(call say,CC) $(COMPILE) -Wno-overlength-strings -c -o $@ $<

# The dashboard's page: its own files, and what it shares with the chat's.
dash        := $(sort $(wildcard push-server/dash/*.js push-server/dash/*.css push-server/dash/i18n/*.js))
dash_shared := app.css=www/css/app.css theme.js=www/js/theme.js dom.js=www/js/dom.js i18n.js=www/js/i18n.js
dash_files  := =push-server/dash/index.html $(foreach f,$(dash),$(f:push-server/dash/%=%)=$(f)) $(dash_shared)
$(B)/gen/dash_table.c: push-server/dash_embed.sh push-server/dash/index.html $(dash) $(foreach p,$(dash_shared),$(lastword $(subst =, ,$(p))))
	@mkdir -p $(@D)
	@sh $< $(dash_files) > $@
$(B)/gen/dash_table.o: $(B)/gen/dash_table.c $(B)/flags
	$(call say,CC) $(COMPILE) -Wno-overlength-strings -c -o $@ $<

$(B)/bin/fcgi-app:       $(call obj,fcgi-app/main.c) $(B)/libapp.a $(B)/libshared.a
$(B)/bin/push-server:    $(call obj,push-server/main.c) $(B)/libpush.a $(B)/libshared.a
$(B)/bin/gemini-standin: $(call obj,tests/gemini-standin/main.c) $(B)/libstandin.a $(B)/libshared.a
$(B)/bin/ws-echo:        $(call obj,tests/ws-echo/main.c) $(B)/libpush.a $(B)/libshared.a
$(B)/bin/fcgi-app:       LIBS = $(LIBS_app)
$(B)/bin/push-server:    LIBS = $(LIBS_push)
$(B)/bin/gemini-standin: LIBS = $(LIBS_standin)
$(B)/bin/ws-echo:        LIBS = $(LIBS_push)
$(B)/bin/%:
	@mkdir -p $(@D)
	$(call say,LD) $(LINK) -o $@ $^ $(LIBS)

$(B)/libapp.a:    $(app)
$(B)/libpush.a:   $(push)
$(B)/libshared.a: $(shared)
$(B)/libstandin.a: $(standin)
$(B)/libbench.a:  $(bench)
$(B)/lib%.a:
	@rm -f $@
	$(call say,AR) $(AR) rcsD $@ $^

# Archives, so a test links just the modules it calls: a pure module must not pull in a socket.
archives := $(B)/libapp.a $(B)/libpush.a $(B)/libstandin.a $(B)/libbench.a $(B)/libshared.a
$(B)/unit/%: $(B)/tests/unit/%.o $(archives)
	@mkdir -p $(@D)
	$(call say,LD) $(LINK) -o $@ $^ -lcmocka $(LIBS_app) $(LIBS_push)
$(B)/bench/%: $(B)/tests/bench/%.o $(archives)
	@mkdir -p $(@D)
	$(call say,LD) $(LINK) -o $@ $^ $(LIBS_app) $(LIBS_push)
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(archives)
	@mkdir -p $(@D)
	$(call say,LD) $(LINK) -o $@ $^ $(LIBS_app) $(LIBS_push)

gemini-standin: $(B)/bin/gemini-standin
# The disk and the clock fail as a test says (LD_PRELOAD): uninstrumented, also where the rest is.
$(B)/bin/faults.so: tests/faults/faults.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(STD) $(WARN) $(if $(WERROR),-Werror) -O2 -g -fPIC -shared $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $<
faults: $(B)/bin/faults.so
ws-echo: $(B)/bin/ws-echo
push-load: $(B)/bench/push_load $(B)/bench/post_load

# --- tests -------------------------------------------------------------------------------------
# What TSan reports of others: tests/tsan.supp.
unit: export TSAN_OPTIONS ?= suppressions=$(CURDIR)/tests/tsan.supp
unit: $(unit)
	@for t in $^; do $$t || exit 1; done
asan tsan:
	$(MAKE) MODE=$@ unit
asan-integration:
	$(MAKE) MODE=asan integration
fuzz:
	$(MAKE) MODE=fuzz CC=clang $(addsuffix .run,$(fuzz))
%.run: $(B)/fuzz/%
	@mkdir -p $(B)/corpus/$* tests/fuzz/corpus/$*
	$< -max_total_time=$(SECS) -max_len=65536 -timeout=10 \
	    $(addprefix -dict=,$(wildcard tests/fuzz/dict/$*.dict)) $(B)/corpus/$* tests/fuzz/corpus/$*

banned := strcpy|strcat|sprintf|strncpy|strtok|atoi|atol|alloca|strerror|localtime|gmtime|rand|system|FCGX_FPrintF
lint:
	@! grep -nE '\b($(banned)) ?\(' $(ours)
	@printf '%s\n' $(filter %.c,$(ours)) | \
	    xargs -P "$$(nproc)" -n 8 sh -c 'clang-tidy --quiet "$$@" -- $(STD) $(INC)' lint
	@clang-format --dry-run -Werror $(ours)
format:
	clang-format -i $(ours)

# --- the page's libraries: copied, never built; serving them needs no Node ----------------------
www: www/vendor/VENDOR.json
www/vendor/VENDOR.json: www/vendor.mjs node_modules/.package-lock.json
	node www/vendor.mjs
# npm's own stamp, as in tests/deps.sh. What is there for the tests is not taken away.
node_modules/.package-lock.json: package-lock.json
	npm ci --ignore-scripts $(if $(wildcard node_modules/playwright-core),,--omit=dev)
	@touch $@
test-www:
	node --test $(wildcard tests/www/*.test.mjs)


# --- everything together: these install what is missing (tests/deps.sh) --------------------------
# Files at once. Browsers want the machine for themselves: one test counts the milliseconds of a task.
at_once_integration := 2
at_once_browser     := 1

run:
	@tests/run.sh
test:
	@tests/deps.sh test
	$(MAKE) all gemini-standin faults unit www
	PATH="$(CURDIR)/build/node/bin:$$PATH" $(MAKE) test-www
	$(MAKE) integration browser
integration browser: all gemini-standin faults push-load ws-echo www
	@tests/deps.sh test
	$(if $(wildcard tests/$@/*.test.mjs),BIN="$(CURDIR)/$(B)/bin" tests/node.sh $(at_once_$@) $(wildcard tests/$@/*.test.mjs),@echo "no $@ tests")
bench: all gemini-standin push-load $(benches) $(B)/bench/bare_broadcaster
	@tests/deps.sh test
	PATH="$(CURDIR)/build/node/bin:$$PATH" BIN="$(CURDIR)/$(B)/bin" node tests/bench/the-push-server-beside-a-bare-broadcaster.mjs
	PATH="$(CURDIR)/build/node/bin:$$PATH" node tests/bench/a-thousand-replies-at-once.mjs
	-PATH="$(CURDIR)/build/node/bin:$$PATH" node tests/bench/a-message-is-accepted-within-one-commit.mjs
	PATH="$(CURDIR)/build/node/bin:$$PATH" node tests/bench/text-reaches-its-reader-in-time.mjs
	PATH="$(CURDIR)/build/node/bin:$$PATH" BIN="$(CURDIR)/$(B)/bin" node tests/bench/an-open-dashboard-costs-next-to-nothing.mjs
	@for b in $(benches); do echo "--- $$b"; $$b || exit 1; done
KILLS ?= 1000
DAMAGES ?= 1000
soak: all gemini-standin
	@tests/deps.sh test
	PATH="$(CURDIR)/build/node/bin:$$PATH" KILLS=$(KILLS) node --test tests/integration/kill-9-loses-nothing.test.mjs
	PATH="$(CURDIR)/build/node/bin:$$PATH" DAMAGES=$(DAMAGES) node --test tests/integration/two-hundred-damaged-databases-harm-nobody.test.mjs
check:
	$(MAKE) lint
	$(MAKE) WERROR=1 all gemini-standin unit
	$(MAKE) WERROR=1 MODE=clang CC=clang all gemini-standin unit
	$(MAKE) asan tsan
	$(MAKE) fuzz
	$(MAKE) test
	$(MAKE) asan-integration

# --- install: the names are those of conf/ with PREFIX=/usr ----------------------------------------
SYSCONFDIR ?= /etc
D       = $(DESTDIR)$(PREFIX)
ETC     = $(DESTDIR)$(SYSCONFDIR)/charla
CONFS   = lighttpd.conf lighttpd-spawn.conf lighttpd-common.conf apache-proxy-fcgi.conf \
          apache-fcgid.conf apache-common.conf apps.json env.example \
          supervisor/websockets.conf supervisor/charla.conf
UNITS   = charla-api.service charla-api.socket charla-worker.service charla-push.service
PAGE    = $(filter-out %.mjs www/img/%,$(shell find www -type f))
RENAME  = sed 's|/usr/lib/charla|$(PREFIX)/lib/charla|g; s|/usr/share/charla|$(PREFIX)/share/charla|g'
install: all www
	install -d $(D)/lib/charla $(D)/share/charla/conf/supervisor $(D)/lib/systemd/system \
	    $(D)/lib/tmpfiles.d $(D)/lib/sysusers.d $(ETC)
	install -m 755 $(programs) $(D)/lib/charla/
	@for f in $(PAGE); do install -D -m 644 $$f $(D)/share/charla/$$f || exit 1; done
	@for f in $(CONFS); do $(RENAME) conf/$$f > $(D)/share/charla/conf/$$f || exit 1; done
	@for f in $(UNITS); do $(RENAME) conf/systemd/$$f > $(D)/lib/systemd/system/$$f || exit 1; done
	install -m 644 conf/systemd/charla.tmpfiles.conf $(D)/lib/tmpfiles.d/charla.conf
	install -m 644 conf/systemd/charla.sysusers.conf $(D)/lib/sysusers.d/charla.conf
	@for f in $(wildcard conf/man/*); do install -D -m 644 $$f $(D)/share/man/man$${f##*.}/$${f##*/} || exit 1; done
	@test -e $(ETC)/charla.env || install -m 640 conf/env.example $(ETC)/charla.env
# Settings and data stay: they are yours.
uninstall:
	rm -rf $(D)/lib/charla $(D)/share/charla
	rm -f $(addprefix $(D)/lib/systemd/system/,$(UNITS)) $(D)/lib/tmpfiles.d/charla.conf \
	    $(D)/lib/sysusers.d/charla.conf $(foreach f,$(notdir $(wildcard conf/man/*)),$(D)/share/man/man$(lastword $(subst ., ,$f))/$f)

clean:
	rm -rf build

.PHONY: bench soak all run test integration browser check install uninstall www test-www unit asan asan-integration tsan fuzz lint format clean gemini-standin faults push-load ws-echo FORCE
.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
