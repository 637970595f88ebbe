/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes in user space on a kernel made of arrays: which calls are made for which words, what happens when an
 * older kernel refuses them, and how arguments of USDT probes get into the object's map. That programs run is
 * shown in tests/kern/test_uprobe.c.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "attach/binary.h"
#include "attach/library.h"
#include "attach/link.h"
#include "attach/usdt_specs.h"
#include "attach/user_target.h"
#include "btf/bits.h"
#include "elf/ldcache.h"
#include "fake_sys.h"
#include "image/target.h"
#include "kerngen.h"
#include "sys/facts.h"
#include "usergen.h"

static struct kerngen gen;
static char dir[] = "/tmp/bpfload-test-XXXXXX";
/* two functions "get_a", "get_b", one "put"; probes demo:one (1 site), demo:two (2 sites, semaphore) */
static char binary[64];
static struct bpfl_link *link_made;

#define PMU "/sys/bus/event_source/devices/uprobe/"

static void write_binary(void)
{
	struct usergen *user = usergen_new(true, ELFGEN_NATIVE, BPFL_EM_X86_64);
	static const char *const names[] = { "get_a", "get_b", "put", "get_c", "get_d" };

	for (size_t i = 0; i < 5; i++)
		usergen_symbol(user, BPFL_SHT_DYNSYM, names[i], USERGEN_TEXT + 0x10 * (i + 1), 16, BPFL_STB_GLOBAL,
			       BPFL_STT_FUNC, 0);
	usergen_note(user, "demo", "one", USERGEN_TEXT + 0x100, 0, 0, "-4@%eax 8@8(%rdi,%rsi,4)");
	usergen_note(user, "demo", "two", USERGEN_TEXT + 0x200, 0, USERGEN_DATA + 6, "8@%rdi");
	usergen_note(user, "demo", "two", USERGEN_TEXT + 0x300, 0, USERGEN_DATA + 6, "8@-8(%rbp)");
	usergen_note(user, "demo", "two", USERGEN_TEXT + 0x400, 0, USERGEN_DATA + 6, "8@%rdi");
	usergen_finish(user, binary);
}

/* A program "prog" of that section. */
static void start(const char *section, uint32_t version)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(binary, sizeof(binary), "%s/binary", dir);
	write_binary();
	fake_sys_file(PMU "type", "8\n");
	fake_sys_file(PMU "format/retprobe", "config:0\n");
	fake_sys_file(PMU "format/ref_ctr_offset", "config:32-63\n");
	kerngen_init(&gen, version);
	specgen_prog(gen.spec, "prog", section, specgen_func(gen.spec, "prog", 2));
}

static void finish(void)
{
	bpfl_link_close(link_made);
	link_made = NULL;
	kerngen_deinit(&gen);
	unlink(binary);
	rmdir(dir);
}

/* "uprobe/%s:get_a" with the binary put in; prepared, loaded, checked, attached. */
static int attach(const char *fmt)
{
	struct bpfl_attach *parsed = NULL;
	char text[256];
	int ret;

	snprintf(text, sizeof(text), fmt, binary);
	bpfl_error_clear(&gen.err);
	CHECK_OK(bpfl_attach_parse(text, &parsed, &gen.err), gen.err);
	CHECK_OK(bpfl_attach_prepare(parsed, gen.spec, 0, &gen.err), gen.err);
	if (!gen.object)
		CHECK_OK(kerngen_load(&gen), gen.err);
	ret = bpfl_attach_check(parsed, gen.spec, 0, &gen.err);
	if (ret == 0)
		ret = bpfl_link_attach(gen.object, 0, parsed, &gen.opts.log, &link_made, &gen.err);
	bpfl_attach_destroy(parsed);
	return ret;
}

static const struct bpfl_perf_attr *event(size_t nth)
{
	const struct fake_call *call = fake_sys_nth("perf_event_open", nth);

	ck_assert_ptr_nonnull(call);
	return (const struct bpfl_perf_attr *)(const void *)call->attr;
}

static const struct bpfl_attr_link_create *link_call(size_t nth)
{
	const struct fake_call *call = fake_sys_nth_bpf(BPFL_CMD_LINK_CREATE, nth);

	ck_assert_ptr_nonnull(call);
	return (const struct bpfl_attr_link_create *)(const void *)call->attr;
}

/* ---- one probe ---- */

START_TEST(a_uprobe_is_an_event_at_an_offset)
{
	start("uprobe", 0);
	CHECK_OK(attach("uprobe/%s:get_b+4,cookie=9"), gen.err);
	ck_assert_uint_eq(event(0)->type, 8);
	ck_assert_uint_eq(event(0)->config, 0);
	ck_assert_uint_eq(event(0)->config2, USERGEN_TEXT_OFF + 0x24);
	ck_assert_int_eq((int)fake_sys_nth("perf_event_open", 0)->arg[0], -1); /* pid */
	ck_assert_int_eq((int)fake_sys_nth("perf_event_open", 0)->arg[1], 0);  /* cpu: both -1 is refused */
	ck_assert_int_eq((int)link_call(0)->attach_type, BPFL_ATTACH_PERF_EVENT);
	ck_assert_uint_eq(link_call(0)->perf_event.cookie, 9);
	CHECK_HAS(bpfl_link_text(link_made), "uprobe ");
	CHECK_HAS(bpfl_link_text(link_made), ":get_b+4");
	finish();
}
END_TEST

START_TEST(a_return_probe_of_one_process_with_a_counter)
{
	char text[128];

	start("uretprobe", 0);
	snprintf(text, sizeof(text), "uretprobe/%%s:get_a,pid=%d,ref_ctr=0x2006", getpid());
	CHECK_OK(attach(text), gen.err);
	ck_assert_uint_eq(event(0)->config, UINT64_C(0x200600000001));
	ck_assert_uint_eq(event(0)->config2, USERGEN_TEXT_OFF + 0x10);
	ck_assert_int_eq((int)fake_sys_nth("perf_event_open", 0)->arg[0], getpid());
	ck_assert_int_eq((int)fake_sys_nth("perf_event_open", 0)->arg[1], -1);
	snprintf(text, sizeof(text), "in process %d", getpid());
	CHECK_HAS(bpfl_link_text(link_made), text);
	finish();
}
END_TEST

static const struct {
	const char *attach;
	int errnum;
	const char *message, *help; /* help: in why or fix */
} refused[] = {
	{ "uprobe/%s:get_x", ENOENT, "no function 'get_x'", "'get_a'" },
	{ "uprobe/%s:0x10", EINVAL, "there is no code at 0x10", "no part" },
	{ "uprobe/%s:0x2000", EINVAL, "there is no code at 0x2000", "loaded as data" },
	{ "uprobe/%s:get_a+16", EINVAL, "function 'get_a' has 16 bytes, and +0x10 is behind them", "PATH:0xOFFSET" },
	{ "uprobe/%s:1x", EINVAL, "begins like an offset", "" },
	{ "uprobe/%s:get_a,ref_ctr=0x9999999", EINVAL, "a reference counter at 0x9999999", "bytes of the file" },
	{ "uprobe/%s:get_a,pid=0", EINVAL, "pid=0 is no process", "all processes" },
	{ "uprobe/%s:get_a,pid=999999999", ESRCH, "there is no process 999999999", "/proc" },
	{ "uprobe/%s.none:get_a", ENOENT, "cannot open", "" },
	{ "uprobe/bpfload-no-such-program:get_a", ENOENT, "there is no program", "looked in" },
	{ "uprobe/libbpfload-none.so.9:get_a", ENOENT, "there is no library", "ld.so.cache" },
};

START_TEST(targets_that_are_not_there_are_told_before_loading)
{
	start("uprobe", 0);
	ck_assert_int_eq(attach(refused[_i].attach), -refused[_i].errnum);
	CHECK_HAS(gen.err.message, refused[_i].message);
	ck_assert_msg(strstr(gen.err.why, refused[_i].help) || strstr(gen.err.fix, refused[_i].help),
		      "'%s' is not in: %s / %s", refused[_i].help, gen.err.why, gen.err.fix);
	ck_assert_uint_eq(fake_sys_count("perf_event_open"), 0);
	finish();
}
END_TEST

START_TEST(return_probes_on_go_functions_are_refused)
{
	struct usergen *user = usergen_new(true, ELFGEN_NATIVE, BPFL_EM_X86_64);

	start("uretprobe", 0);
	usergen_section(user, ".gopclntab", 1, 0, "x", 1);
	usergen_symbol(user, BPFL_SHT_SYMTAB, "main.(*T).f", USERGEN_TEXT + 0x10, 16, BPFL_STB_LOCAL, BPFL_STT_FUNC, 0);
	usergen_symbol(user, BPFL_SHT_SYMTAB, "from_c", USERGEN_TEXT + 0x20, 16, BPFL_STB_LOCAL, BPFL_STT_FUNC, 0);
	usergen_finish(user, binary);
	CHECK_FAILS(attach("uretprobe/%s:main.(*T).f"), gen.err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "would crash the program");
	CHECK_HAS(gen.err.why, "Go");
	CHECK_HAS(gen.err.fix, "RET");
	CHECK_OK(attach("uretprobe/%s:from_c"), gen.err);
	finish();
}
END_TEST

/* ---- many ---- */

START_TEST(functions_that_fit_a_pattern_share_one_link)
{
	start("uprobe.multi", 0);
	CHECK_OK(attach("uprobe.multi/%s:get_*,cookie=3"), gen.err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_LINK_CREATE), 1);
	ck_assert_int_eq((int)link_call(0)->attach_type, BPFL_ATTACH_TRACE_UPROBE_MULTI);
	ck_assert_uint_eq(link_call(0)->uprobe_multi.cnt, 4);
	ck_assert_uint_eq(link_call(0)->uprobe_multi.flags, 0);
	ck_assert_uint_eq(link_call(0)->uprobe_multi.pid, 0);
	ck_assert_uint_ne(link_call(0)->uprobe_multi.cookies, 0);
	CHECK_HAS(bpfl_link_text(link_made), "4 functions");
	ck_assert_int_ge(bpfl_link_fd(link_made), 0);
	finish();
}
END_TEST

START_TEST(return_probes_and_sessions_say_so)
{
	start("uretprobe.multi", 0);
	CHECK_OK(attach("uretprobe.multi/%s:get_*"), gen.err);
	ck_assert_uint_eq(link_call(0)->uprobe_multi.flags, 1);
	ck_assert_uint_eq(link_call(0)->uprobe_multi.cookies, 0);
	finish();
	fake_sys_reset();
	strcpy(dir, "/tmp/bpfload-test-XXXXXX");
	start("uprobe.session", 0);
	CHECK_OK(attach("uprobe.session/%s:get_*"), gen.err);
	ck_assert_int_eq((int)link_call(0)->attach_type, BPFL_ATTACH_TRACE_UPROBE_SESSION);
	finish();
}
END_TEST

/* A kernel that refuses links with the offset *ctx, and says EBADF for a path that is no file. */
static int refuse_one(void *ctx, void *attr, size_t attr_size)
{
	const struct bpfl_attr_link_create *create = attr;
	const uint64_t *bad = ctx;
	const uint64_t *offs = (const uint64_t *)(uintptr_t)create->uprobe_multi.offsets;

	(void)attr_size;
	if (create->attach_type == BPFL_ATTACH_PERF_EVENT)
		return FAKE_SYS_DEFAULT;
	if (strcmp((const char *)(uintptr_t)create->uprobe_multi.path, "/") == 0)
		return -EBADF;
	for (uint32_t i = 0; i < create->uprobe_multi.cnt; i++) {
		if (*bad == 0 || offs[i] == *bad)
			return -EINVAL;
	}
	return FAKE_SYS_DEFAULT;
}

START_TEST(one_bad_member_is_left_out_and_named)
{
	uint64_t bad = USERGEN_TEXT_OFF + 0x20; /* get_b */

	start("uprobe.multi", 0);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, refuse_one, &bad);
	CHECK_OK(attach("uprobe.multi/%s:*"), gen.err);
	CHECK_HAS(bpfl_link_text(link_made), "(4 of 5)");
	CHECK_HAS(kerngen_log(&gen), ":get_b at 0x1020 is left out");
	CHECK_HAS_NOT(kerngen_log(&gen), "get_a at");
	finish();
}
END_TEST

START_TEST(only_bad_members_are_an_error)
{
	uint64_t bad = 0;

	start("uprobe.multi", 0);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, refuse_one, &bad);
	CHECK_FAILS(attach("uprobe.multi/%s:get_*"), gen.err, BPFL_ERR_TARGET, EINVAL, "probing 4 places");
	CHECK_HAS(gen.err.why, "each of them");
	finish();
}
END_TEST

/* Before 6.6: an attach type that the kernel does not know. */
static int refuse_multi(void *ctx, void *attr, size_t attr_size)
{
	const struct bpfl_attr_link_create *create = attr;

	(void)ctx;
	(void)attr_size;
	return create->attach_type == BPFL_ATTACH_PERF_EVENT ? FAKE_SYS_DEFAULT : -EINVAL;
}

START_TEST(an_older_kernel_gets_single_probes)
{
	start("uprobe.multi", 0);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, refuse_multi, NULL);
	CHECK_OK(attach("uprobe.multi/%s:get_*,cookie=5"), gen.err);
	ck_assert_uint_eq(fake_sys_count("perf_event_open"), 4);
	ck_assert_uint_eq(event(3)->config2, USERGEN_TEXT_OFF + 0x50);
	ck_assert_uint_eq(link_call(2)->perf_event.cookie, 5);
	CHECK_HAS(bpfl_link_text(link_made), "(one by one)");
	CHECK_HAS(kerngen_log(&gen), "no links of many uprobes");
	ck_assert_int_eq(gen.target->features[BPFL_FEATURE_UPROBE_MULTI], BPFL_NO);
	finish();
}
END_TEST

START_TEST(a_session_has_no_fallback)
{
	start("uprobe.session", 0);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, refuse_multi, NULL);
	CHECK_FAILS(attach("uprobe.session/%s:get_*"), gen.err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "no uprobe sessions");
	finish();
}
END_TEST

START_TEST(a_refusal_that_is_nobodys_fault_is_not_searched)
{
	start("uprobe.multi", 0);
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EPERM);
	ck_assert_int_eq(attach("uprobe.multi/%s:get_*"), -EPERM);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_LINK_CREATE), 1);
	finish();
}
END_TEST

/* ---- USDT ---- */

/* The maps of bpf/usdt.bpf.h. with_index: the newer layout, which has index registers, elsewhere. */
static void add_spec_maps(bool with_index)
{
	struct btfgen *btf = &gen.btf;
	uint32_t u64 = btfgen_int(btf, "u64", 8, 0), u32 = btfgen_int(btf, "u32", 4, 0),
		 s16 = btfgen_int(btf, "short", 2, 1);
	uint32_t u8 = btfgen_int(btf, "u8", 1, 0), arg, args, value, size = with_index ? 24 : 16;
	struct bpfl_map_spec *map;

	arg = btfgen_struct(btf, "__bpf_usdt_arg_spec", size);
	btfgen_member(btf, "val_off", u64, 0);
	if (with_index) {
		btfgen_bit_field(btf, "arg_type", u32, 64, 8);
		btfgen_bit_field(btf, "idx_reg_off", u32, 80, 12);
		btfgen_bit_field(btf, "scale_bitshift", u32, 92, 4);
		btfgen_bit_field(btf, "reg_off", s16, 112, 0);
		btfgen_bit_field(btf, "arg_signed", u8, 128, 0);
		btfgen_bit_field(btf, "arg_bitshift", u8, 136, 0);
	} else {
		btfgen_member(btf, "arg_type", u32, 64);
		btfgen_member(btf, "reg_off", s16, 96);
		btfgen_member(btf, "arg_signed", u8, 112);
		btfgen_member(btf, "arg_bitshift", u8, 120);
	}
	args = btfgen_array(btf, arg, u32, 12);
	value = btfgen_struct(btf, "__bpf_usdt_spec", 12 * size + 16);
	btfgen_member(btf, "args", args, 0);
	btfgen_member(btf, "usdt_cookie", u64, 96 * size);
	btfgen_member(btf, "arg_cnt", s16, 96 * size + 64);
	kerngen_btf(&gen);
	map = specgen_map(gen.spec, BPFL_USDT_SPECS_MAP, BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 12 * size + 16, 2);
	map->value_type_id = value;
	specgen_map(gen.spec, BPFL_USDT_IPS_MAP, BPFL_MAP_BTF, BPFL_MAP_TYPE_HASH, 8, 4, 2);
}

struct element { /* the older layout */
	struct {
		uint64_t value;
		uint32_t kind;
		int16_t reg_off;
		uint8_t is_signed, shift;
	} args[12];
	uint64_t cookie;
	int16_t nr_args;
};

static void read_element(uint32_t slot, void *out)
{
	ck_assert_int_eq(bpfl_sys_map_lookup(bpfl_object_map_fd(gen.object, BPFL_USDT_SPECS_MAP), &slot, out, 0), 0);
}

START_TEST(a_probe_at_one_place_is_a_uprobe_with_a_description)
{
	struct element element = { 0 };

	start("usdt", 0);
	add_spec_maps(false);
	CHECK_OK(attach("usdt/%s:demo:one,cookie=42"), gen.err);
	ck_assert_uint_eq(event(0)->config2, USERGEN_TEXT_OFF + 0x100);
	ck_assert_uint_eq(event(0)->config, 0);
	ck_assert_int_eq((int)link_call(0)->attach_type, BPFL_ATTACH_PERF_EVENT);
	ck_assert_uint_eq(link_call(0)->perf_event.cookie, 0); /* the slot */
	ck_assert_int_ge(bpfl_link_fd(link_made), 0);
#if defined(__x86_64__)
	read_element(0, &element);
	ck_assert_uint_eq(element.cookie, 42);
	ck_assert_int_eq(element.nr_args, 2);
	ck_assert_uint_eq(element.args[0].kind, BPFL_USDT_REG);
	ck_assert_int_eq(element.args[0].reg_off, 80);
	ck_assert_uint_eq(element.args[0].is_signed, 1);
	ck_assert_uint_eq(element.args[0].shift, 32);
	/* This object knows no index registers. */
	ck_assert_uint_eq(element.args[1].kind, BPFL_USDT_UNKNOWN);
	CHECK_HAS(kerngen_log(&gen), "1 of its arguments cannot be read");
#endif
	finish();
}
END_TEST

#if defined(__x86_64__)
START_TEST(a_newer_layout_is_filled_by_its_own_names)
{
	uint8_t element[12 * 24 + 16] = { 0 };
	const uint8_t *arg = element + 24;

	start("usdt", 0);
	add_spec_maps(true);
	CHECK_OK(attach("usdt/%s:demo:one"), gen.err);
	read_element(0, element);
	ck_assert_uint_eq(arg[8], BPFL_USDT_SIB);
	ck_assert_uint_eq(arg[10] | (arg[11] & 0x0f) << 8, 104); /* rsi */
	ck_assert_uint_eq(arg[11] >> 4, 2);
	ck_assert_uint_eq(arg[14], 112); /* rdi */
	ck_assert_uint_eq(arg[0], 8);
	ck_assert_uint_eq(arg[17], 0);
	ck_assert_str_eq(kerngen_log(&gen), "");
	finish();
}
END_TEST

START_TEST(several_places_share_a_link_and_equal_descriptions)
{
	struct element first = { 0 }, second = { 0 };
	uint64_t none = 1;

	start("usdt.s", 0);
	add_spec_maps(false);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, refuse_one, &none);
	CHECK_OK(attach("usdt.s/%s:demo:two"), gen.err);
	ck_assert_uint_eq(gen.spec->progs.items[0].attach_type, BPFL_ATTACH_TRACE_UPROBE_MULTI);
	ck_assert_uint_eq(link_call(0)->uprobe_multi.cnt, 3);
	ck_assert_uint_ne(link_call(0)->uprobe_multi.ref_ctr_offsets, 0);
	ck_assert_uint_ne(link_call(0)->uprobe_multi.cookies, 0);
	CHECK_HAS(bpfl_link_text(link_made), "3 sites");
	read_element(0, &first);
	read_element(1, &second);
	ck_assert_uint_eq(first.args[0].kind, BPFL_USDT_REG);
	ck_assert_uint_eq(second.args[0].kind, BPFL_USDT_DEREF);
	ck_assert_int_eq((int)second.args[0].value, -8);
	finish();
}
END_TEST

/* Numbers go back when a link is closed. */
START_TEST(descriptions_are_given_back)
{
	start("usdt", 0);
	add_spec_maps(false);
	for (int i = 0; i < 10; i++) {
		CHECK_OK(attach("usdt/%s:demo:two"), gen.err);
		ck_assert_uint_eq(gen.object->usdt_slots[0] + gen.object->usdt_slots[1], 2);
		bpfl_link_close(link_made);
		link_made = NULL;
		ck_assert_uint_eq(gen.object->usdt_slots[0] + gen.object->usdt_slots[1], 0);
	}
	finish();
}
END_TEST

START_TEST(without_cookies_a_place_is_known_by_its_address)
{
	char text[64];

	start("usdt", BPFL_KERNEL_VERSION(5, 10, 0));
	add_spec_maps(false);
	CHECK_FAILS(attach("usdt/%s:demo:one"), gen.err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "cannot be read on this kernel");
	CHECK_HAS(gen.err.fix, "pid=N");
	/* This process does not run the file. */
	snprintf(text, sizeof(text), "usdt/%%s:demo:one,pid=%d", getpid());
	CHECK_FAILS(attach(text), gen.err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "cannot be read on this kernel");
	finish();
}
END_TEST

START_TEST(an_address_leads_to_the_description_of_a_fixed_program)
{
	uint64_t ip = USERGEN_TEXT + 0x300;
	uint32_t slot = 99;
	int ips_fd;
	FILE *file;

	start("usdt", BPFL_KERNEL_VERSION(5, 10, 0));
	file = fopen(binary, "r+e"); /* e_type: ET_EXEC */
	ck_assert_int_eq(fseek(file, 16, SEEK_SET), 0);
	ck_assert_int_eq(fputc(2, file), 2);
	fclose(file);
	add_spec_maps(false);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, refuse_multi, NULL);
	CHECK_OK(attach("usdt/%s:demo:two"), gen.err);
	ips_fd = bpfl_object_map_fd(gen.object, BPFL_USDT_IPS_MAP);
	ck_assert_int_eq(bpfl_sys_map_lookup(ips_fd, &ip, &slot, 0), 0);
	ck_assert_uint_eq(slot, 1);
	ck_assert_uint_eq(link_call(3)->perf_event.cookie, 0);
	bpfl_link_close(link_made);
	link_made = NULL;
	ck_assert_int_eq(bpfl_sys_map_lookup(ips_fd, &ip, &slot, 0), -ENOENT);
	fake_sys_fail_bpf(BPFL_CMD_MAP_UPDATE_ELEM, 2, EIO); /* behind the first description */
	CHECK_FAILS(attach("usdt/%s:demo:two"), gen.err, BPFL_ERR_SYSTEM, EIO,
		    "filling map '" BPFL_USDT_IPS_MAP "': ");
	finish();
}
END_TEST
#endif

START_TEST(the_map_grows_with_the_probes_before_it_is_created)
{
	start("usdt", 0);
	add_spec_maps(false);
	CHECK_OK(attach("usdt/%s:demo:*"), gen.err);
	ck_assert_uint_eq(gen.spec->maps.items[0].max_entries, 4);
	ck_assert_uint_eq(gen.spec->maps.items[1].max_entries, 4);
	finish();
}
END_TEST

START_TEST(a_program_without_the_map_gets_the_users_cookie)
{
	start("usdt", 0);
	CHECK_OK(attach("usdt/%s:demo:one,cookie=42"), gen.err);
	ck_assert_uint_eq(link_call(0)->perf_event.cookie, 42);
	finish();
}
END_TEST

START_TEST(a_map_of_another_layout_is_refused)
{
	start("usdt", 0);
	specgen_map(gen.spec, BPFL_USDT_SPECS_MAP, BPFL_MAP_BTF, BPFL_MAP_TYPE_ARRAY, 4, 100, 2);
	CHECK_FAILS(attach("usdt/%s:demo:one"), gen.err, BPFL_ERR_OBJECT, EINVAL, "has a layout that is not known");
	finish();
}
END_TEST

START_TEST(arguments_of_another_machine_are_refused)
{
	struct usergen *user;

	start("usdt", 0);
	user = usergen_new(true, ELFGEN_NATIVE, 2 /* SPARC */);
	usergen_note(user, "demo", "one", USERGEN_TEXT + 0x100, 0, 0, "8@%g1");
	usergen_finish(user, binary);
	add_spec_maps(false);
	CHECK_FAILS(attach("usdt/%s:demo:one"), gen.err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "is for another machine");
	CHECK_HAS(gen.err.fix, "a binary that runs here");
	finish();
}
END_TEST

/* The description first; on kernels without cookies, the address then. */
START_TEST(a_map_that_cannot_be_filled_is_named)
{
	start("usdt", 0);
	add_spec_maps(false);
	CHECK_OK(kerngen_load(&gen), gen.err);
	fake_sys_fail_bpf(BPFL_CMD_MAP_UPDATE_ELEM, 1, EIO);
	CHECK_FAILS(attach("usdt/%s:demo:one"), gen.err, BPFL_ERR_SYSTEM, EIO,
		    "filling map '" BPFL_USDT_SPECS_MAP "': ");
	finish();
}
END_TEST

START_TEST(there_is_room_for_so_many_places_only)
{
	start("usdt", 0);
	add_spec_maps(false);
	CHECK_FAILS(bpfl_usdt_specs_reserve(gen.spec, (size_t)INT32_MAX + 1, &gen.err), gen.err, BPFL_ERR_TARGET, E2BIG,
		    "2147483648 sites are too many");
	finish();
}
END_TEST

/* The words are checked by their grammar before; this is for those who make them otherwise. */
START_TEST(a_target_without_a_colon_is_no_target)
{
	char words[] = "/bin/true";
	const struct bpfl_attach bent = { .target = words };
	struct bpfl_user_target opened;

	start("uprobe", 0);
	CHECK_FAILS(bpfl_user_target_open(&bent, &opened, &gen.err), gen.err, BPFL_ERR_USAGE, EINVAL,
		    "'/bin/true' is not PATH:FUNCTION");
	finish();
}
END_TEST

START_TEST(a_missing_probe_brings_near_names)
{
	start("usdt", 0);
	CHECK_FAILS(attach("usdt/%s:demo:onee"), gen.err, BPFL_ERR_TARGET, ENOENT, "no USDT probe 'demo:onee'");
	CHECK_HAS(gen.err.fix, "'demo:one'");
	CHECK_HAS(gen.err.why, "4 probes");
	finish();
}
END_TEST

/* ---- binaries ---- */

/* Every system call of an attach fails once: an error with text, and nothing stays open (the harness looks). */
static const char *const swept[] = { "uprobe/%s:get_a", "uprobe.multi/%s:get_*", "usdt/%s:demo:two",
				     "usdt/%s:demo:one" };

START_TEST(any_call_may_fail)
{
	bool failed = true;

	for (unsigned nth = 1; failed && nth < 300; nth++) {
		char section[16];
		int ret;

		strcpy(dir, "/tmp/bpfload-test-XXXXXX");
		snprintf(section, sizeof(section), "%.*s", (int)strcspn(swept[_i], "/"), swept[_i]);
		start(section, BPFL_KERNEL_VERSION(6, 18, 0));
		if (strcmp(section, "usdt") == 0)
			add_spec_maps(false);
		CHECK_OK(kerngen_load(&gen), gen.err);
		fake_sys_fail_nth(nth, EIO);
		ret = attach(swept[_i]);
		failed = fake_sys_failed();
		fake_sys_fail_nth(100000, EIO);
		if (ret < 0)
			ck_assert_str_ne(gen.err.message, "");
		finish();
		fake_sys_reset();
	}
	ck_assert(!failed);
}
END_TEST

/* ld.so.cache in both formats, with one library and a variant for a certain CPU. */
struct cache_seen {
	unsigned nr;
	char path[64];
};

static int see(void *ctx, const char *name, const char *path)
{
	struct cache_seen *seen = ctx;

	ck_assert_str_eq(name, "libx.so.1");
	snprintf(seen->path, sizeof(seen->path), "%s", path);
	seen->nr++;
	return 0;
}

static void put32(struct bpfl_buf *buf, uint32_t value)
{
	bpfl_buf_append(buf, &value, 4);
}

static void new_cache(struct bpfl_buf *buf)
{
	uint64_t hwcap = 0;

	bpfl_buf_append(buf, "glibc-ld.so.cache1.1", 20);
	put32(buf, 2);
	put32(buf, 64);
	for (int i = 0; i < 5; i++)
		put32(buf, 0);
	for (int i = 0; i < 2; i++) {
		put32(buf, 0x303);
		put32(buf, 96);
		put32(buf, 106);
		put32(buf, 0);
		bpfl_buf_append(buf, &hwcap, 8);
		hwcap = 1ull << 62;
	}
	bpfl_buf_append(buf, "libx.so.1\0/lib/libx.so.1", 25);
}

START_TEST(the_linkers_cache_is_read_in_both_formats)
{
	struct bpfl_buf fresh = BPFL_BUF_INIT, old = BPFL_BUF_INIT;
	struct cache_seen seen = { 0 };

	new_cache(&fresh);
	ck_assert_int_eq(bpfl_ldcache_each(fresh.data, fresh.size, see, &seen), 0);
	ck_assert_uint_eq(seen.nr, 1);
	ck_assert_str_eq(seen.path, "/lib/libx.so.1");
	for (size_t size = 0; size < fresh.size; size++)
		ck_assert_int_eq(bpfl_ldcache_each(fresh.data, size, see, &seen), -EINVAL);

	memset(&seen, 0, sizeof(seen));
	bpfl_buf_append(&old, "ld.so-1.7.0", 12);
	put32(&old, 1);
	put32(&old, 3);
	put32(&old, 0);
	put32(&old, 10);
	bpfl_buf_append(&old, "libx.so.1\0/old/libx.so.1", 25);
	ck_assert_int_eq(bpfl_ldcache_each(old.data, old.size, see, &seen), 0);
	ck_assert_str_eq(seen.path, "/old/libx.so.1");
	ck_assert_int_eq(bpfl_ldcache_each("nothing like it", 15, see, &seen), -EINVAL);
	bpfl_buf_deinit(&old);
	bpfl_buf_deinit(&fresh);
}
END_TEST

START_TEST(a_new_cache_behind_an_old_one_counts)
{
	struct bpfl_buf both = BPFL_BUF_INIT;
	struct cache_seen seen = { 0 };

	bpfl_buf_append(&both, "ld.so-1.7.0", 12);
	put32(&both, 0); /* no libraries: what is aligned behind it is the new format */
	new_cache(&both);
	ck_assert_int_eq(bpfl_ldcache_each(both.data, both.size, see, &seen), 0);
	ck_assert_str_eq(seen.path, "/lib/libx.so.1");
	bpfl_buf_deinit(&both);
}
END_TEST

START_TEST(the_name_of_a_library_ends_at_a_single_colon)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ "libssl.so.3:SSL_read", 11 }, { "libssl.so:SSL_read", 9 }, { "libx-1.2.so:f", 11 }, { "libc++.so.1:operator new", 11 },
		{ "SSL_read", 0 }, { "std::x.so::f", 0 }, { "a.so::f", 0 }, { "libssl.so.3", 0 }, { "libssl.so.3:", 0 },
		{ "x.sort:f", 0 }, { ".so:f", 0 }, { "a/b.so:f", 0 }, { "", 0 }, { "f+0x10", 0 }, { "main.(*T).so:f", 12 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_uint_eq(bpfl_library_prefix(rows[i].text), rows[i].len);
}
END_TEST

START_TEST(programs_are_found_in_path_and_processes_have_their_own_root)
{
	char *found = NULL, want[96], long_path[5000];

	start("uprobe", 0);
	setenv("PATH", "/nonexistent::/usr/share/none", 1);
	CHECK_FAILS(bpfl_binary_find("binary", 0, &found, &gen.err), gen.err, BPFL_ERR_TARGET, ENOENT,
		    "no program 'binary'");
	setenv("PATH", dir, 1);
	CHECK_OK(bpfl_binary_find("binary", 0, &found, &gen.err), gen.err);
	ck_assert_str_eq(found, binary);
	free(found);
	CHECK_OK(bpfl_binary_find("./a/b", 0, &found, &gen.err), gen.err);
	ck_assert_str_eq(found, "./a/b");
	free(found);
	CHECK_OK(bpfl_binary_find("exe", getpid(), &found, &gen.err), gen.err);
	snprintf(want, sizeof(want), "/proc/%d/exe", getpid());
	ck_assert_str_eq(found, want);
	free(found);
	CHECK_OK(bpfl_binary_find("/usr/bin/x", getpid(), &found, &gen.err), gen.err);
	snprintf(want, sizeof(want), "/proc/%d/root/usr/bin/x", getpid());
	ck_assert_str_eq(found, want);
	free(found);
	CHECK_OK(bpfl_binary_find("a/b", getpid(), &found, &gen.err), gen.err);
	snprintf(want, sizeof(want), "/proc/%d/cwd/a/b", getpid());
	ck_assert_str_eq(found, want);
	free(found);
	memset(long_path, '/', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	CHECK_FAILS(bpfl_binary_find(long_path, 0, &found, &gen.err), gen.err, BPFL_ERR_USAGE, ENAMETOOLONG,
		    "is too long a path");
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_uprobe_is_an_event_at_an_offset,
		a_return_probe_of_one_process_with_a_counter,
		return_probes_on_go_functions_are_refused,
		functions_that_fit_a_pattern_share_one_link,
		return_probes_and_sessions_say_so,
		one_bad_member_is_left_out_and_named,
		only_bad_members_are_an_error,
		an_older_kernel_gets_single_probes,
		a_session_has_no_fallback,
		a_refusal_that_is_nobodys_fault_is_not_searched,
		a_probe_at_one_place_is_a_uprobe_with_a_description,
#if defined(__x86_64__)
		a_newer_layout_is_filled_by_its_own_names,
		several_places_share_a_link_and_equal_descriptions,
		descriptions_are_given_back,
		without_cookies_a_place_is_known_by_its_address,
		an_address_leads_to_the_description_of_a_fixed_program,
#endif
		the_map_grows_with_the_probes_before_it_is_created,
		a_program_without_the_map_gets_the_users_cookie,
		a_map_of_another_layout_is_refused,
		arguments_of_another_machine_are_refused,
		a_map_that_cannot_be_filled_is_named,
		there_is_room_for_so_many_places_only,
		a_target_without_a_colon_is_no_target,
		a_missing_probe_brings_near_names,
		the_linkers_cache_is_read_in_both_formats,
		a_new_cache_behind_an_old_one_counts,
		programs_are_found_in_path_and_processes_have_their_own_root,
		the_name_of_a_library_ends_at_a_single_colon,
	};
	Suite *suite = BPFL_TEST_SUITE("attach user", tests);

	bpfl_test_add_loop(suite, "refused", targets_that_are_not_there_are_told_before_loading,
			   sizeof(refused) / sizeof(refused[0]));
	bpfl_test_add_loop(suite, "failing", any_call_may_fail, sizeof(swept) / sizeof(swept[0]));
	return bpfl_test_main(suite);
}
