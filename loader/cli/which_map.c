/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/which_map.c: a map that is loaded already, as the words of a command name it.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int map_open_words(struct bpfl_map **ret_map, char **words, int nr_words, struct bpfl_error *err)
{
	uint64_t id;
	int ret;

	if (nr_words == 0)
		return out_usage(err, "which map? 'id N', 'name NAME', or the path where it is pinned");
	if (strcmp(words[0], "id") == 0 && nr_words > 1) {
		if (bpfl_text_to_u64(words[1], &id) < 0 || id == 0 || id > UINT32_MAX)
			return out_usage(err, "'%.100s' is not the id of a map", words[1]);
		ret = bpfl_map_open_id((uint32_t)id, ret_map, err);
		return ret < 0 ? ret : 2;
	}
	if (strcmp(words[0], "name") == 0 && nr_words > 1) {
		ret = bpfl_map_open_name(words[1], ret_map, err);
		return ret < 0 ? ret : 2;
	}
	ret = strchr(words[0], '/') ? bpfl_map_open_pinned(words[0], ret_map, err)
				    : bpfl_map_open_name(words[0], ret_map, err);
	if (ret == -ENOENT && bpfl_text_to_u64(words[0], &id) == 0)
		snprintf(err->fix, sizeof(err->fix), "a map is named by its number with the word id: id %s", words[0]);
	return ret < 0 ? ret : 1;
}
