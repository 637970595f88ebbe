# SPDX-License-Identifier: BSD-2-Clause
#
# A raw listing of a BTF -> C with one static assertion for the size of each type with a name, and for the offset of each member
# that is no bit-field, also of those in anonymous structs. Knows nothing of how the C header is made, but that the second type of one
# name is called NAME___2.

function base(id) {
	while (kind[id] ~ /^(TYPEDEF|CONST|VOLATILE|RESTRICT|TYPE_TAG)$/)
		id = ref[id]
	return id
}

function is_struct(id) { return kind[id] == "STRUCT" || kind[id] == "UNION" }

# The members of a struct that is bits behind the beginning of c_type, where a path (empty, or ending in a dot) leads.
function members(id, c_type, path, bits, depth,    i, t, at, place) {
	for (i = 0; i < nr[id] && depth < 20; i++) {
		t = base(member_type[id, i])
		at = bits + member_bit[id, i]
		if (member_name[id, i] == "(anon)") {
			if (is_struct(t))
				members(t, c_type, path, at, depth + 1)
			continue
		}
		if (is_field[id, i])
			continue
		place = path member_name[id, i]
		printf "_Static_assert(__builtin_offsetof(%s, %s) == %d, \"\");\n", c_type, place, at / 8
		if (is_struct(t) && name[t] == "(anon)")
			members(t, c_type, place ".", at, depth + 1)
	}
}

function c_name(id) { return name[id] (version[id] ? "___" version[id] : "") }

{ gsub(/'/, "") }

/^\[/ {
	id = substr($1, 2, length($1) - 2) + 0
	last = id
	order[++nr_types] = id
	kind[id] = $2
	name[id] = $3
	nr[id] = 0
	for (f = 4; f <= NF; f++) {
		split($f, word, "=")
		if (word[1] == "type_id") ref[id] = word[2]
		if (word[1] == "size") size[id] = word[2]
	}
	if ($2 ~ /^(STRUCT|UNION|ENUM|ENUM64|TYPEDEF)$/ && $3 != "(anon)") {
		space = $2 == "TYPEDEF" ? "ident" : "tag"
		if ($3 == "__builtin_va_list" && !used[space, $3]) # is taken by the compiler
			used[space, $3] = 1
		if (used[space, $3]++)
			version[id] = used[space, $3]
	}
	next
}

is_struct(last) {
	i = nr[last]++
	member_name[last, i] = $1
	for (f = 2; f <= NF; f++) {
		split($f, word, "=")
		if (word[1] == "type_id") member_type[last, i] = word[2]
		if (word[1] == "bits_offset") member_bit[last, i] = word[2]
		if (word[1] == "bitfield_size") is_field[last, i] = 1
	}
}

END {
	for (n = 1; n <= nr_types; n++) {
		id = order[n]
		t = base(id)
		if (name[id] == "(anon)" || kind[id] !~ /^(STRUCT|UNION|ENUM|ENUM64|TYPEDEF)$/ || size[t] == "")
			continue
		c_type = c_name(id)
		if (kind[id] != "TYPEDEF")
			c_type = (kind[id] ~ /ENUM/ ? "enum" : tolower(kind[id])) " " c_type
		printf "_Static_assert(sizeof(%s) == %d, \"\");\n", c_type, size[t]
		if (is_struct(id) || (is_struct(t) && name[t] == "(anon)"))
			members(t, c_type, "", 0, 0)
	}
}
