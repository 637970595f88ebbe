# SPDX-License-Identifier: BSD-2-Clause
#
# make              ./bpfload, build/libbpfload.a and build/libbpfload.so.0
# make bpf          the BPF programs of bpf/ (needs clang; CLANG=clang-19 picks one)
# make check        unit tests (no root, no clang) and the checks of the code itself
# make check-kernel tests on the running kernel (root)
# make check-cli    tests of the command (root; uses the programs of bpf/)
# make check-kernels  the tests of check-kernel and some of check-cli on other kernels, in virtual machines: the default kernels of
#                   scripts/kernels.txt, or KERNELS="amd64/6.1 s390x/6.12", KERNELS=ci, KERNELS=all (scripts/setup kernels)
# make guest ARCH=s390x  what runs there: static programs and objects, in build/guest-ARCH
# make check-compare  the same objects through libbpf and bpfload (root; needs libbpf-dev)
# make bench        loading, leaving and reading events against libbpf, as ratios (root; needs libbpf-dev)
# make asan         make check with AddressSanitizer and UndefinedBehaviorSanitizer
# make fuzz         libFuzzer at every parser of bytes from outside, SECONDS=30 each, or DOORS="elf btf" (clang; tests/fuzz/doors.h)
# make install      DESTDIR= PREFIX= LIBDIR= INCLUDEDIR= BINDIR= MANDIR=
# V=1 shows the commands, make -s says nothing. STATIC=1 links the command statically: it starts in two thirds of the time, and needs libelf.a and libz.a.

CC ?= cc
AR ?= ar
OBJCOPY ?= objcopy
CLANG ?= clang
FUZZ_CC ?= clang
SECONDS ?= 30
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
BUILD ?= build
BPFLOAD ?= ./bpfload

CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wconversion
BASE_FLAGS = -std=c11 -D_GNU_SOURCE -fvisibility=hidden -fPIC $(WARNINGS) -MMD -MP
LIB_FLAGS = $(BASE_FLAGS) -Iloader -Iinclude
# The command sees the public headers only.
CLI_FLAGS = $(BASE_FLAGS) -Iinclude -Iloader/cli
TEST_FLAGS = $(LIB_FLAGS) -Itests -Itests/lib
LIBS = -lelf -lz

LIB_ROOMS = base sys elf btf spec image kern attach event
LIB_SRCS := $(sort $(foreach room,$(LIB_ROOMS),$(wildcard loader/$(room)/*.c)))
LIB_OBJS := $(LIB_SRCS:%.c=$(BUILD)/%.o)
CLI_SRCS := $(sort $(wildcard loader/cli/*.c))
CLI_OBJS := $(CLI_SRCS:%.c=$(BUILD)/%.o)
TEST_LIB_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/lib/*.c)))
# Unit tests stand on the fake kernel; kernel tests must not.
REAL_LIB_OBJS := $(filter-out %/fake_sys.o,$(TEST_LIB_OBJS))
FUZZ_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/fuzz/door*.c) tests/fuzz/memory.c))
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/test_*.c)))
KERN_TESTS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/kern/test_*.c)))
BPF_SRCS := $(sort $(wildcard bpf/*.bpf.c))
BPF_OBJS := $(BPF_SRCS:bpf/%.c=$(BUILD)/bpf/%.o)
HEADERS := include/bpfload.h $(sort $(wildcard include/bpfload/*.h))

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = $(if $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),@:,@printf '  %-8s %s\n')
endif

.PHONY: all bpf check check-unit check-code check-kernel check-kernels guest guest-files check-cli check-compare bench asan fuzz install uninstall clean
.SECONDARY:

all: $(BPFLOAD) $(BUILD)/libbpfload.a $(BUILD)/libbpfload.so.0

$(BPFLOAD): $(CLI_OBJS) $(BUILD)/libbpfload.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(if $(filter 1,$(STATIC)),-static) -o $@ $^ $(LIBS)

$(BUILD)/libbpfload.a: $(LIB_OBJS)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(BUILD)/libbpfload.so.0: $(LIB_OBJS) loader/libbpfload.map
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,libbpfload.so.0 \
		-Wl,--version-script=loader/libbpfload.map -Wl,-z,defs -o $@ $(LIB_OBJS) $(LIBS)

$(BUILD)/loader/cli/%.o: loader/cli/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(CLI_FLAGS) -c -o $@ $<

$(BUILD)/loader/%.o: loader/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(LIB_FLAGS) -c -o $@ $<

# ---- BPF programs ----

MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BPF_ARCH ?= $(shell uname -m | sed -e 's/x86_64/x86/' -e 's/aarch64/arm64/' -e 's/ppc64.*/powerpc/' \
	-e 's/riscv.*/riscv/' -e 's/s390x/s390/' -e 's/arm.*/arm/;s/^armarm64$$/arm64/')
BPF_TARGET ?= bpf
BPF_FLAGS = -g -O2 -target $(BPF_TARGET) -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Werror -Iinclude -ffile-prefix-map=$(CURDIR)=. \
	$(if $(MULTIARCH),-isystem /usr/include/$(MULTIARCH) -isystem /usr/$(MULTIARCH)/include) -MMD -MP

bpf: $(BPF_OBJS)

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	$(say) CLANG $<
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPF_FLAGS) -c -o $@ $<

# ---- tests ----

$(BUILD)/tests/%.o: tests/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(TEST_FLAGS) -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(TEST_LIB_OBJS) $(BUILD)/libbpfload.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(TEST_LIB_OBJS) $(BUILD)/libbpfload.a $(LIBS) \
		$(CHECK_LIBS)

# tests/fuzz/doors.h: the known inputs once more; and libFuzzer's program, which looks for new ones.
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_OBJS) $(TEST_LIB_OBJS) $(BUILD)/tests/fuzz/libbpfload.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(CHECK_LIBS)

# The library with allocations that can be made to fail (tests/fuzz/memory.h).
$(BUILD)/tests/fuzz/libbpfload.a: $(BUILD)/libbpfload.a
	$(Q)mkdir -p $(@D) && $(OBJCOPY) $(foreach name,malloc calloc realloc,--redefine-sym $(name)=fuzz_$(name)) $< $@

# This one stands between the library and its system calls.
$(BUILD)/tests/kern/test_fault: WRAPS = $(foreach call,bpf perf_event_open ioctl openat mkdirat write socket sendto recv setsockopt bind fsopen \
	fs_create fsmount,-Wl,--wrap=bpfl_enter_$(call))

$(BUILD)/tests/kern/%: $(BUILD)/tests/kern/%.o $(REAL_LIB_OBJS) $(BUILD)/libbpfload.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(WRAPS) -o $@ $< $(REAL_LIB_OBJS) $(BUILD)/libbpfload.a $(LIBS) \
		$(CHECK_LIBS)

CHECK_LIBS = -lcheck -lsubunit -lrt -lm -lpthread

check: all check-unit check-code

check-unit: $(UNIT_TESTS) $(BUILD)/tests/fuzz/replay
	$(Q)sh scripts/run-tests $^

check-code: all
	$(Q)sh scripts/check-layers
	$(Q)sh scripts/check-size
	$(Q)sh scripts/check-docs
	$(Q)sh scripts/check-errors
	$(Q)sh scripts/gen-helper-names --check
	$(Q)sh scripts/check-exports $(BUILD)/libbpfload.so.0 $(BUILD)/libbpfload.a

check-kernel: $(KERN_TESTS)
	$(Q)sh scripts/mounted-root sh scripts/run-tests $(KERN_TESTS)

check-cli: all bpf
	$(Q)sh scripts/mounted-root sh tests/cli/run $(BPFLOAD) $(BUILD)

# ---- other kernels ----

# A machine there has nothing but what it brings: the command is linked statically; the tests, which probe the C library too, come with the
# C library of their architecture; of this one also ip(8) and tc(8). All else is linked into them, for another architecture by its cross compiler with libraries of
# scripts/fetch-kernel.
NATIVE_ARCH := $(shell dpkg --print-architecture 2>/dev/null || echo amd64)
ARCH ?= $(NATIVE_ARCH)
GUEST = $(BUILD)/guest-$(ARCH)
TRIPLET_amd64 = x86_64-linux-gnu
TRIPLET_arm64 = aarch64-linux-gnu
TRIPLET_s390x = s390x-linux-gnu
TRIPLET = $(TRIPLET_$(ARCH))
LOADER_amd64 = /lib64/ld-linux-x86-64.so.2
LOADER_arm64 = /lib/ld-linux-aarch64.so.1
LOADER_s390x = /lib/ld64.so.1
BPF_WORDS_amd64 = BPF_TARGET=bpfel BPF_ARCH=x86
BPF_WORDS_arm64 = BPF_TARGET=bpfel BPF_ARCH=arm64
BPF_WORDS_s390x = BPF_TARGET=bpfeb BPF_ARCH=s390
KERNELS_DIR ?= build/kernels
KERNELS ?= default
GUEST_LIBS = $(KERNELS_DIR)/lib-$(ARCH)

ifeq ($(ARCH),$(NATIVE_ARCH))
GUEST_TOOLS =
GUEST_LIBC = /lib/$(TRIPLET)
else
GUEST_TOOLS = CC=$(TRIPLET)-gcc AR=$(TRIPLET)-ar CPPFLAGS=-I$(GUEST_LIBS)/usr/include \
	LDFLAGS=-L$(GUEST_LIBS)/usr/lib/$(TRIPLET)
GUEST_LIBC = /usr/$(TRIPLET)/lib
endif
GUEST_WORDS = BUILD=$(GUEST)/build BPFLOAD=$(GUEST)/bpfload CFLAGS='$(filter-out -g,$(CFLAGS))' $(GUEST_TOOLS) $(BPF_WORDS_$(ARCH)) \
	LIBS='-l:libelf.a -l:libz.a' CHECK_LIBS='-l:libcheck.a -l:libsubunit.a -lrt -lm -lpthread'

guest:
	$(Q)sh scripts/fetch-kernel -l $(ARCH) >/dev/null
	$(Q)+$(MAKE) --no-print-directory $(GUEST_WORDS) STATIC=1 $(GUEST)/bpfload
	$(Q)+$(MAKE) --no-print-directory $(GUEST_WORDS) GUEST_FILES=$(GUEST)/files GUEST_LIBC=$(GUEST_LIBC) ARCH=$(ARCH) guest-files

# What a machine gets: programs and scripts side by side, and in root/ what belongs elsewhere.
guest-files: bpf $(KERN_TESTS)
	$(Q)rm -rf '$(GUEST_FILES)'
	$(Q)mkdir -p '$(GUEST_FILES)/bpf' '$(GUEST_FILES)/tests' '$(GUEST_FILES)/root/lib/$(TRIPLET)' '$(GUEST_FILES)/root$(dir $(LOADER_$(ARCH)))'
	$(Q)cp $(BPFLOAD) scripts/run-tests '$(GUEST_FILES)/'
	$(Q)cp $(BPF_OBJS) '$(GUEST_FILES)/bpf/'
	$(Q)cp $(KERN_TESTS) '$(GUEST_FILES)/tests/'
	$(Q)cp -r tests/cli tests/kern/in-guest '$(GUEST_FILES)/tests/'
	$(Q)cp -L $(GUEST_LIBC)/libc.so.6 $(GUEST_LIBC)/libm.so.6 '$(GUEST_FILES)/root/lib/$(TRIPLET)/'
	$(Q)cp -L $(GUEST_LIBC)/$(notdir $(LOADER_$(ARCH))) '$(GUEST_FILES)/root$(LOADER_$(ARCH))'
ifeq ($(ARCH),$(NATIVE_ARCH))
	$(Q)mkdir -p '$(GUEST_FILES)/root/usr/bin'
	$(Q)for tool in ip tc bash; do cp -L "$$(command -v $$tool)" '$(GUEST_FILES)/root/usr/bin/'; done
	$(Q)for tool in ip tc bash; do ldd "$$(command -v $$tool)"; done | sed -n 's/.* => \(\/[^ ]*\).*/\1/p' | sort -u | \
		while read -r lib; do cp -L "$$lib" '$(GUEST_FILES)/root/lib/$(TRIPLET)/'; done
endif

check-kernels:
	$(Q)+MAKE='$(MAKE)' sh scripts/check-kernels $(KERNELS)

# Two loaders in one process: also shows that they do not get into each other's way.
$(BUILD)/tests/compare/compare: $(BUILD)/tests/compare/compare.o $(BUILD)/libbpfload.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lbpf $(LIBS)

check-compare: all bpf $(BUILD)/tests/compare/compare
	$(Q)sh scripts/mounted-root sh tests/compare/run $(BUILD)

# Ratios against libbpf, in alternating runs.
bench: all bpf
	$(Q)sh scripts/mounted-root sh tests/bench/run $(BUILD)

asan:
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/asan BPFLOAD=$(BUILD)/asan/bpfload \
		CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer' \
		all check-unit

fuzz: bpf
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC='$(FUZZ_CC)' LDFLAGS=-fsanitize=fuzzer \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' $(BUILD)/fuzz/tests/fuzz/libfuzzer
	$(Q)sh tests/fuzz/run $(BUILD) '$(SECONDS)' $(DOORS)

# ---- installation ----

# What a static link needs besides: libelf is built with zstd on some systems, which its own .pc file knows.
PRIVATE_LIBS = $$(echo $$(pkg-config --static --libs libelf 2>/dev/null || echo '$(LIBS)') -lz | sed 's/-lz -lz$$/-lz/')

install: all
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(INCLUDEDIR)/bpfload' \
		'$(DESTDIR)$(INCLUDEDIR)/bpfload/bpf' '$(DESTDIR)$(MANDIR)/man8'
	install -m 755 $(BPFLOAD) '$(DESTDIR)$(BINDIR)/bpfload'
	install -m 644 $(BUILD)/libbpfload.a '$(DESTDIR)$(LIBDIR)/libbpfload.a'
	install -m 755 $(BUILD)/libbpfload.so.0 '$(DESTDIR)$(LIBDIR)/libbpfload.so.0'
	ln -sf libbpfload.so.0 '$(DESTDIR)$(LIBDIR)/libbpfload.so'
	install -m 644 include/bpfload.h '$(DESTDIR)$(INCLUDEDIR)/bpfload.h'
	install -m 644 $(filter include/bpfload/%,$(HEADERS)) '$(DESTDIR)$(INCLUDEDIR)/bpfload/'
	install -m 644 include/bpf/*.h '$(DESTDIR)$(INCLUDEDIR)/bpfload/bpf/'
	install -m 644 docs/bpfload.8 '$(DESTDIR)$(MANDIR)/man8/bpfload.8'
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e "s|@LIBS_PRIVATE@|$(PRIVATE_LIBS)|" \
		-e "s|@VERSION@|$$(sed -n 's/.*VERSION_STRING "\(.*\)"/\1/p' include/bpfload/error.h)|" \
		loader/libbpfload.pc.in > '$(DESTDIR)$(LIBDIR)/pkgconfig/libbpfload.pc'

uninstall:
	rm -rf '$(DESTDIR)$(BINDIR)/bpfload' '$(DESTDIR)$(LIBDIR)/libbpfload.a' \
		'$(DESTDIR)$(LIBDIR)/libbpfload.so.0' '$(DESTDIR)$(LIBDIR)/libbpfload.so' \
		'$(DESTDIR)$(INCLUDEDIR)/bpfload.h' '$(DESTDIR)$(INCLUDEDIR)/bpfload' \
		'$(DESTDIR)$(MANDIR)/man8/bpfload.8' '$(DESTDIR)$(LIBDIR)/pkgconfig/libbpfload.pc'

clean:
	rm -rf $(BUILD) ./bpfload

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
