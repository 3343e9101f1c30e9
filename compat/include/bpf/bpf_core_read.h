/* SPDX-License-Identifier: MIT */
/*
 * CO-RE: questions about the types of the kernel a program is loaded for, and reads through chains of pointers
 * whose offsets come from there.
 *
 *     pid_t parent = BPF_CORE_READ(task, real_parent, tgid);
 */
#ifndef __BPF_CORE_READ_H__
#define __BPF_CORE_READ_H__

#include <bpf/bpf_helpers.h>

/* Kinds of question, as the compiler numbers them. */
enum bpf_field_info_kind {
	BPF_FIELD_BYTE_OFFSET = 0,
	BPF_FIELD_BYTE_SIZE = 1,
	BPF_FIELD_EXISTS = 2,
	BPF_FIELD_SIGNED = 3,
	BPF_FIELD_LSHIFT_U64 = 4,
	BPF_FIELD_RSHIFT_U64 = 5,
};

enum bpf_type_id_kind {
	BPF_TYPE_ID_LOCAL = 0,
	BPF_TYPE_ID_TARGET = 1,
};

enum bpf_type_info_kind {
	BPF_TYPE_EXISTS = 0,
	BPF_TYPE_SIZE = 1,
	BPF_TYPE_MATCHES = 2,
};

enum bpf_enum_value_kind {
	BPF_ENUMVAL_EXISTS = 0,
	BPF_ENUMVAL_VALUE = 1,
};

#define __CORE_RELO(SOURCE, FIELD, INFO) __builtin_preserve_field_info((SOURCE)->FIELD, BPF_FIELD_##INFO)

/* A field is named as an expression (s->f) or as a type and a member (struct s, f). */
#define ___bpfcc_pick_2(A, B, NAME, ...) NAME
#define ___bpfcc_field_1(FIELD) FIELD
#define ___bpfcc_field_2(TYPE, MEMBER) ((typeof(TYPE) *)0)->MEMBER
#define ___bpfcc_field(...) ___bpfcc_pick_2(__VA_ARGS__, ___bpfcc_field_2, ___bpfcc_field_1)(__VA_ARGS__)

#define bpf_core_field_exists(FIELD...) __builtin_preserve_field_info(___bpfcc_field(FIELD), BPF_FIELD_EXISTS)
#define bpf_core_field_size(FIELD...) __builtin_preserve_field_info(___bpfcc_field(FIELD), BPF_FIELD_BYTE_SIZE)
#define bpf_core_field_offset(FIELD...) __builtin_preserve_field_info(___bpfcc_field(FIELD), BPF_FIELD_BYTE_OFFSET)

#define ___bpfcc_instance(TYPE) (*(typeof(TYPE) *)0)
#define bpf_core_type_id_local(TYPE) __builtin_btf_type_id(___bpfcc_instance(TYPE), BPF_TYPE_ID_LOCAL)
#define bpf_core_type_id_kernel(TYPE) __builtin_btf_type_id(___bpfcc_instance(TYPE), BPF_TYPE_ID_TARGET)
#define bpf_core_type_exists(TYPE) __builtin_preserve_type_info(___bpfcc_instance(TYPE), BPF_TYPE_EXISTS)
#define bpf_core_type_matches(TYPE) __builtin_preserve_type_info(___bpfcc_instance(TYPE), BPF_TYPE_MATCHES)
#define bpf_core_type_size(TYPE) __builtin_preserve_type_info(___bpfcc_instance(TYPE), BPF_TYPE_SIZE)
#define bpf_core_enum_value_exists(TYPE, VALUE) __builtin_preserve_enum_value(*(typeof(TYPE) *)VALUE, BPF_ENUMVAL_EXISTS)
#define bpf_core_enum_value(TYPE, VALUE) __builtin_preserve_enum_value(*(typeof(TYPE) *)VALUE, BPF_ENUMVAL_VALUE)

/* Reads of one place, its offset relocated. */
#define bpf_core_read(TO, SIZE, FROM) bpf_probe_read_kernel(TO, SIZE, (const void *)__builtin_preserve_access_index(FROM))
#define bpf_core_read_user(TO, SIZE, FROM) bpf_probe_read_user(TO, SIZE, (const void *)__builtin_preserve_access_index(FROM))
#define bpf_core_read_str(TO, SIZE, FROM) bpf_probe_read_kernel_str(TO, SIZE, (const void *)__builtin_preserve_access_index(FROM))
#define bpf_core_read_user_str(TO, SIZE, FROM) bpf_probe_read_user_str(TO, SIZE, (const void *)__builtin_preserve_access_index(FROM))

/* A pointer that the verifier believes to be of a type, read-only. */
extern __bpf_fastcall void *bpf_rdonly_cast(const void *object, unsigned int type_id) __attribute__((section(".ksyms"), weak));
#define bpf_core_cast(POINTER, TYPE) ((typeof(TYPE) *)bpf_rdonly_cast((POINTER), bpf_core_type_id_kernel(TYPE)))

/* Chains: S->A->B->C, up to ten members. */
#define ___bpfcc_11th(A, B, C, D, E, F, G, H, I, J, N, ...) N
#define ___bpfcc_chain(NAME, ...) \
	___bpfcc_11th(__VA_ARGS__, NAME##_10, NAME##_9, NAME##_8, NAME##_7, NAME##_6, NAME##_5, NAME##_4, NAME##_3, NAME##_2, NAME##_1)

#define ___bpfcc_arrow_1(S, A) (S)->A
#define ___bpfcc_arrow_2(S, A, ...) ___bpfcc_arrow_1((S)->A, __VA_ARGS__)
#define ___bpfcc_arrow_3(S, A, ...) ___bpfcc_arrow_2((S)->A, __VA_ARGS__)
#define ___bpfcc_arrow_4(S, A, ...) ___bpfcc_arrow_3((S)->A, __VA_ARGS__)
#define ___bpfcc_arrow_5(S, A, ...) ___bpfcc_arrow_4((S)->A, __VA_ARGS__)
#define ___bpfcc_arrow_6(S, A, ...) ___bpfcc_arrow_5((S)->A, __VA_ARGS__)
#define ___bpfcc_arrow_7(S, A, ...) ___bpfcc_arrow_6((S)->A, __VA_ARGS__)
#define ___bpfcc_arrow_8(S, A, ...) ___bpfcc_arrow_7((S)->A, __VA_ARGS__)
#define ___bpfcc_arrow_9(S, A, ...) ___bpfcc_arrow_8((S)->A, __VA_ARGS__)
#define ___bpfcc_arrow_10(S, A, ...) ___bpfcc_arrow_9((S)->A, __VA_ARGS__)
#if __clang_major__ >= 19
#define ___bpfcc_unqualified __typeof_unqual__
#else
#define ___bpfcc_unqualified typeof
#endif
#define ___bpfcc_type_of(S, MEMBERS...) ___bpfcc_unqualified(___bpfcc_chain(___bpfcc_arrow, MEMBERS)(S, MEMBERS))

/*
 * HOP reads each pointer on the way into the one variable of the walk; LAST reads what the chain ends in. Written out
 * for each length, since a macro does not expand inside itself.
 */
#define ___bpfcc_at(S, A) ((typeof((S)->A))___at)
#define ___bpfcc_hop(HOP, S, A) HOP((void *)&___at, sizeof(___at), &(S)->A)
#define ___bpfcc_step_1(HOP, LAST, TO, S, A) LAST((void *)(TO), sizeof(*(TO)), &(S)->A)
#define ___bpfcc_step_2(HOP, LAST, TO, S, A, ...) \
	___bpfcc_hop(HOP, S, A); ___bpfcc_step_1(HOP, LAST, TO, ___bpfcc_at(S, A), __VA_ARGS__)
#define ___bpfcc_step_3(HOP, LAST, TO, S, A, ...) \
	___bpfcc_hop(HOP, S, A); ___bpfcc_step_2(HOP, LAST, TO, ___bpfcc_at(S, A), __VA_ARGS__)
#define ___bpfcc_step_4(HOP, LAST, TO, S, A, ...) \
	___bpfcc_hop(HOP, S, A); ___bpfcc_step_3(HOP, LAST, TO, ___bpfcc_at(S, A), __VA_ARGS__)
#define ___bpfcc_step_5(HOP, LAST, TO, S, A, ...) \
	___bpfcc_hop(HOP, S, A); ___bpfcc_step_4(HOP, LAST, TO, ___bpfcc_at(S, A), __VA_ARGS__)
#define ___bpfcc_step_6(HOP, LAST, TO, S, A, ...) \
	___bpfcc_hop(HOP, S, A); ___bpfcc_step_5(HOP, LAST, TO, ___bpfcc_at(S, A), __VA_ARGS__)
#define ___bpfcc_step_7(HOP, LAST, TO, S, A, ...) \
	___bpfcc_hop(HOP, S, A); ___bpfcc_step_6(HOP, LAST, TO, ___bpfcc_at(S, A), __VA_ARGS__)
#define ___bpfcc_step_8(HOP, LAST, TO, S, A, ...) \
	___bpfcc_hop(HOP, S, A); ___bpfcc_step_7(HOP, LAST, TO, ___bpfcc_at(S, A), __VA_ARGS__)
#define ___bpfcc_step_9(HOP, LAST, TO, S, A, ...) \
	___bpfcc_hop(HOP, S, A); ___bpfcc_step_8(HOP, LAST, TO, ___bpfcc_at(S, A), __VA_ARGS__)
#define ___bpfcc_step_10(HOP, LAST, TO, S, A, ...) \
	___bpfcc_hop(HOP, S, A); ___bpfcc_step_9(HOP, LAST, TO, ___bpfcc_at(S, A), __VA_ARGS__)
#define ___bpfcc_walk_1(HOP, LAST, TO, S, A) ___bpfcc_step_1(HOP, LAST, TO, S, A)
#define ___bpfcc_walk_2(HOP, LAST, TO, S, ...) ({ const void *___at; ___bpfcc_step_2(HOP, LAST, TO, S, __VA_ARGS__); })
#define ___bpfcc_walk_3(HOP, LAST, TO, S, ...) ({ const void *___at; ___bpfcc_step_3(HOP, LAST, TO, S, __VA_ARGS__); })
#define ___bpfcc_walk_4(HOP, LAST, TO, S, ...) ({ const void *___at; ___bpfcc_step_4(HOP, LAST, TO, S, __VA_ARGS__); })
#define ___bpfcc_walk_5(HOP, LAST, TO, S, ...) ({ const void *___at; ___bpfcc_step_5(HOP, LAST, TO, S, __VA_ARGS__); })
#define ___bpfcc_walk_6(HOP, LAST, TO, S, ...) ({ const void *___at; ___bpfcc_step_6(HOP, LAST, TO, S, __VA_ARGS__); })
#define ___bpfcc_walk_7(HOP, LAST, TO, S, ...) ({ const void *___at; ___bpfcc_step_7(HOP, LAST, TO, S, __VA_ARGS__); })
#define ___bpfcc_walk_8(HOP, LAST, TO, S, ...) ({ const void *___at; ___bpfcc_step_8(HOP, LAST, TO, S, __VA_ARGS__); })
#define ___bpfcc_walk_9(HOP, LAST, TO, S, ...) ({ const void *___at; ___bpfcc_step_9(HOP, LAST, TO, S, __VA_ARGS__); })
#define ___bpfcc_walk_10(HOP, LAST, TO, S, ...) ({ const void *___at; ___bpfcc_step_10(HOP, LAST, TO, S, __VA_ARGS__); })
#define ___bpfcc_walk(HOP, LAST, TO, S, MEMBERS...) ___bpfcc_chain(___bpfcc_walk, MEMBERS)(HOP, LAST, TO, S, MEMBERS)

/* Into a variable (or for strings an array) of the caller. */
#define BPF_CORE_READ_INTO(TO, S, MEMBERS...) ___bpfcc_walk(bpf_core_read, bpf_core_read, TO, S, MEMBERS)
#define BPF_CORE_READ_USER_INTO(TO, S, MEMBERS...) ___bpfcc_walk(bpf_core_read_user, bpf_core_read_user, TO, S, MEMBERS)
#define BPF_CORE_READ_STR_INTO(TO, S, MEMBERS...) ___bpfcc_walk(bpf_core_read, bpf_core_read_str, TO, S, MEMBERS)
#define BPF_CORE_READ_USER_STR_INTO(TO, S, MEMBERS...) ___bpfcc_walk(bpf_core_read_user, bpf_core_read_user_str, TO, S, MEMBERS)
#define BPF_PROBE_READ_INTO(TO, S, MEMBERS...) ___bpfcc_walk(bpf_probe_read_kernel, bpf_probe_read_kernel, TO, S, MEMBERS)
#define BPF_PROBE_READ_USER_INTO(TO, S, MEMBERS...) ___bpfcc_walk(bpf_probe_read_user, bpf_probe_read_user, TO, S, MEMBERS)
#define BPF_PROBE_READ_STR_INTO(TO, S, MEMBERS...) ___bpfcc_walk(bpf_probe_read_kernel, bpf_probe_read_kernel_str, TO, S, MEMBERS)
#define BPF_PROBE_READ_USER_STR_INTO(TO, S, MEMBERS...) ___bpfcc_walk(bpf_probe_read_user, bpf_probe_read_user_str, TO, S, MEMBERS)

/* As a value. */
#define ___bpfcc_value(INTO, S, MEMBERS...)                \
	({                                                 \
		___bpfcc_type_of(S, MEMBERS) ___value;     \
		INTO((&___value), S, MEMBERS);             \
		___value;                                  \
	})
#define BPF_CORE_READ(S, MEMBERS...) ___bpfcc_value(BPF_CORE_READ_INTO, S, MEMBERS)
#define BPF_CORE_READ_USER(S, MEMBERS...) ___bpfcc_value(BPF_CORE_READ_USER_INTO, S, MEMBERS)
#define BPF_PROBE_READ(S, MEMBERS...) ___bpfcc_value(BPF_PROBE_READ_INTO, S, MEMBERS)
#define BPF_PROBE_READ_USER(S, MEMBERS...) ___bpfcc_value(BPF_PROBE_READ_USER_INTO, S, MEMBERS)

/* Bit fields: the bytes that hold them, then two shifts that leave the value. */
#define ___bpfcc_bits_to_value(BITS, S, FIELD)                              \
	({                                                                  \
		(BITS) <<= __CORE_RELO(S, FIELD, LSHIFT_U64);               \
		__CORE_RELO(S, FIELD, SIGNED)                               \
			? (unsigned long long)((long long)(BITS) >> __CORE_RELO(S, FIELD, RSHIFT_U64)) \
			: (BITS) >> __CORE_RELO(S, FIELD, RSHIFT_U64);      \
	})

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ___bpfcc_bits_place(BITS, SIZE) ((void *)(BITS))
#else
#define ___bpfcc_bits_place(BITS, SIZE) ((void *)(BITS) + (8 - (SIZE)))
#endif

/* Read with bpf_probe_read_kernel. */
#define BPF_CORE_READ_BITFIELD_PROBED(S, FIELD)                                                     \
	({                                                                                          \
		unsigned long long ___bits = 0;                                                     \
		bpf_probe_read_kernel(___bpfcc_bits_place(&___bits, __CORE_RELO(S, FIELD, BYTE_SIZE)), \
				      __CORE_RELO(S, FIELD, BYTE_SIZE),                             \
				      (const void *)(S) + __CORE_RELO(S, FIELD, BYTE_OFFSET));      \
		___bpfcc_bits_to_value(___bits, S, FIELD);                                          \
	})

/* Read directly, where the program type allows it. The empty asm keeps the offset apart from the load. */
#define BPF_CORE_READ_BITFIELD(S, FIELD)                                                    \
	({                                                                                  \
		const void *___place = (const void *)(S) + __CORE_RELO(S, FIELD, BYTE_OFFSET); \
		unsigned long long ___bits = 0;                                             \
		asm volatile("" : "+r"(___place));                                          \
		switch (__CORE_RELO(S, FIELD, BYTE_SIZE)) {                                 \
		case 1:                                                                     \
			___bits = *(const unsigned char *)___place;                         \
			break;                                                              \
		case 2:                                                                     \
			___bits = *(const unsigned short *)___place;                        \
			break;                                                              \
		case 4:                                                                     \
			___bits = *(const unsigned int *)___place;                          \
			break;                                                              \
		case 8:                                                                     \
			___bits = *(const unsigned long long *)___place;                    \
			break;                                                              \
		}                                                                           \
		___bpfcc_bits_to_value(___bits, S, FIELD);                                  \
	})

/* Write a bit field: read what holds it, replace its bits, write it back. */
#define BPF_CORE_WRITE_BITFIELD(S, FIELD, VALUE)                                                 \
	({                                                                                       \
		void *___place = (void *)(S) + __CORE_RELO(S, FIELD, BYTE_OFFSET);               \
		unsigned int ___size = __CORE_RELO(S, FIELD, BYTE_SIZE);                         \
		unsigned int ___left = __CORE_RELO(S, FIELD, LSHIFT_U64);                        \
		unsigned int ___right = __CORE_RELO(S, FIELD, RSHIFT_U64);                       \
		unsigned long long ___mask = (~0ULL >> ___right) << (___right - ___left);                     \
		unsigned long long ___new = ((unsigned long long)(VALUE) << (___right - ___left)) & ___mask; \
		asm volatile("" : "+r"(___place));                                               \
		switch (___size) {                                                               \
		case 1:                                                                          \
			*(unsigned char *)___place = (*(unsigned char *)___place & ~___mask) | ___new; \
			break;                                                                   \
		case 2:                                                                          \
			*(unsigned short *)___place = (*(unsigned short *)___place & ~___mask) | ___new; \
			break;                                                                   \
		case 4:                                                                          \
			*(unsigned int *)___place = (*(unsigned int *)___place & ~___mask) | ___new; \
			break;                                                                   \
		case 8:                                                                          \
			*(unsigned long long *)___place = (*(unsigned long long *)___place & ~___mask) | ___new; \
			break;                                                                   \
		}                                                                                \
	})

#endif
