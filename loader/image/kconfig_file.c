/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/kconfig_file: the kernel's configuration as text.
 *
 * The file that the user named, and that of the running kernel: /boot/config-RELEASE, else /proc/config.gz,
 * which is there when the kernel was built with CONFIG_IKCONFIG_PROC. Each may be plain or gzipped.
 */
#include "image/extern.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include "base/text.h"
#include "sys/facts.h"
#include "sys/file.h"

#define CONFIG_SIZE_MAX (64u << 20)
#define GZIP_WINDOW (15 + 16) /* largest window, with gzip's header */

static int gunzip(const struct bpfl_buf *packed, struct bpfl_buf *ret_text)
{
	z_stream stream;
	uint8_t chunk[16384];
	int status;

	memset(&stream, 0, sizeof(stream));
	stream.next_in = (Bytef *)packed->data;
	stream.avail_in = (uInt)packed->size;
	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK) {
		return -ENOMEM;
	}
	do {
		stream.next_out = chunk;
		stream.avail_out = sizeof(chunk);
		status = inflate(&stream, Z_NO_FLUSH);
		bpfl_buf_append(ret_text, chunk, sizeof(chunk) - stream.avail_out);
	} while (status == Z_OK && ret_text->size < CONFIG_SIZE_MAX && bpfl_buf_ok(ret_text));
	inflateEnd(&stream);
	if (!bpfl_buf_ok(ret_text)) {
		return -ENOMEM;
	}
	return status == Z_STREAM_END ? 0 : -EINVAL;
}

/* One file, unpacked if it is gzip. 0 or -errno without text. */
static int config_read(const char *path, struct bpfl_buf *ret_text)
{
	struct bpfl_buf raw = BPFL_BUF_INIT, text = BPFL_BUF_INIT;
	int result = bpfl_file_read_virtual(AT_FDCWD, path, CONFIG_SIZE_MAX, &raw);

	if (result < 0) {
		return result;
	}
	if (raw.size < 2 || (uint8_t)raw.data[0] != 0x1f || (uint8_t)raw.data[1] != 0x8b) {
		*ret_text = raw;
		return 0;
	}
	result = gunzip(&raw, &text);
	bpfl_buf_deinit(&raw);
	if (result < 0) {
		bpfl_buf_deinit(&text);
		return result;
	}
	*ret_text = text;
	return 0;
}

int bpfl_kconfig_read_named(const char *path, char source[BPFL_KCONFIG_SOURCE_SIZE],
			    struct bpfl_buf *ret_text, struct bpfl_error *err)
{
	int result = config_read(path, ret_text);

	snprintf(source, BPFL_KCONFIG_SOURCE_SIZE, "%s", path);
	if (result < 0) {
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -result,
				      "kernel configuration '%s': %s", BPFL_ESC(path),
				      bpfl_errno_text(-result));
	}
	return 0;
}

int bpfl_kconfig_read(const struct bpfl_target *target, char source[BPFL_KCONFIG_SOURCE_SIZE],
		      struct bpfl_buf *ret_text, struct bpfl_error *err)
{
	char release[128], boot_path[BPFL_KCONFIG_SOURCE_SIZE];
	const char *paths[2] = { boot_path, "/proc/config.gz" };

	if (!target->running) {
		int result = bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, ENOENT,
					    "the described kernel comes without a configuration");

		bpfl_error_fix(err, "name its configuration file: --kconfig FILE");
		return result;
	}
	snprintf(boot_path, sizeof(boot_path), "/boot/config-%s",
		 bpfl_facts_kernel_release(release, sizeof(release)));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (config_read(paths[i], ret_text) == 0) {
			snprintf(source, BPFL_KCONFIG_SOURCE_SIZE, "%s", paths[i]);
			return 0;
		}
	}
	int result = bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, ENOENT,
				    "the configuration of this kernel was not found");
	bpfl_error_why(err, "neither %s nor %s can be read", paths[0], paths[1]);
	bpfl_error_fix(err, "name the configuration file: --kconfig FILE");
	return result;
}

/* The third line of a configuration: "# Linux/x86 6.12.30 Kernel Configuration". */
uint32_t bpfl_kconfig_version(const char *path)
{
	static const char start[] = "\n# Linux/";
	struct bpfl_buf text = BPFL_BUF_INIT;
	unsigned major = 0, minor = 0, patch = 0;
	int nr = 0;

	if (config_read(path, &text) < 0) {
		return 0;
	}
	const char *line = text.data ? strstr(text.data, start) : NULL;
	if (line) {
		line += strlen(start);
		nr = sscanf(line + strcspn(line, " \n"), " %3u.%3u.%3u", &major, &minor, &patch);
	}
	bpfl_buf_deinit(&text);
	return nr >= 2 ? BPFL_KERNEL_VERSION(major, minor, patch > 255 ? 255 : patch) : 0;
}
