/* SPDX-License-Identifier: MIT */
/*
 * What BPF programs are written with: sections, map definitions, helper declarations, printing, loops.
 * Works after <linux/bpf.h> and after "vmlinux.h".
 */
#ifndef __BPF_HELPERS__
#define __BPF_HELPERS__

#include <bpf/bpf_helper_defs.h>

#ifndef SEC
#define SEC(NAME) __attribute__((section(NAME), used))
#endif

/* A map definition in BTF: the number or type is carried by the type of a pointer. */
#define __uint(NAME, VALUE) int(*NAME)[VALUE]
#define __type(NAME, TYPE) typeof(TYPE) *NAME
#define __array(NAME, TYPE) typeof(TYPE) *NAME[]
#define __ulong(NAME, VALUE)                                                     \
	enum {                                                                   \
		___bpfcc_concat(__unique_value, __COUNTER__) = (unsigned long)(VALUE) \
	} NAME

#define ___bpfcc_concat_(A, B) A##B
#define ___bpfcc_concat(A, B) ___bpfcc_concat_(A, B)

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#ifndef __hidden
#define __hidden __attribute__((visibility("hidden")))
#endif

#ifndef NULL
#define NULL ((void *)0)
#endif

#ifndef KERNEL_VERSION
#define KERNEL_VERSION(MAJOR, MINOR, PATCH) (((MAJOR) << 16) + ((MINOR) << 8) + ((PATCH) > 255 ? 255 : (PATCH)))
#endif

/* By the address of a member, not by the builtin: the address is relocated for the kernel where the type asks for it. */
#undef offsetof
#define offsetof(TYPE, MEMBER) ((unsigned long)&((TYPE *)0)->MEMBER)
#undef container_of
#define container_of(POINTER, TYPE, MEMBER)                              \
	({                                                               \
		void *___member = (void *)(POINTER);                     \
		((TYPE *)(___member - offsetof(TYPE, MEMBER)));          \
	})

/* The compiler may not move memory accesses across, nor assume what a variable holds. */
#ifndef barrier
#define barrier() asm volatile("" ::: "memory")
#endif
#ifndef barrier_var
#define barrier_var(VARIABLE) asm volatile("" : "+r"(VARIABLE))
#endif

/* Reaching this is a link error in an object that would run it. */
#ifndef __bpf_unreachable
#define __bpf_unreachable() __builtin_trap()
#endif

enum libbpf_pin_type {
	LIBBPF_PIN_NONE,
	LIBBPF_PIN_BY_NAME,
};

enum libbpf_tristate {
	TRI_NO = 0,
	TRI_YES = 1,
	TRI_MODULE = 2,
};

/* Legacy map definition, in the section `maps`. */
struct bpf_map_def {
	unsigned int type;
	unsigned int key_size;
	unsigned int value_size;
	unsigned int max_entries;
	unsigned int map_flags;
};

#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#define __kptr __attribute__((btf_type_tag("kptr")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define __uptr __attribute__((btf_type_tag("uptr")))

#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))
#define __arg_nullable __attribute__((btf_decl_tag("arg:nullable")))
#define __arg_trusted __attribute__((btf_decl_tag("arg:trusted")))
#define __arg_untrusted __attribute__((btf_decl_tag("arg:untrusted")))
#define __arg_arena __attribute__((btf_decl_tag("arg:arena")))

#define bpf_ksym_exists(SYMBOL) (!!(SYMBOL))

/* Call with a map and an index known when compiling, so that the call can become a jump. */
static __always_inline void bpf_tail_call_static(void *context, const void *map, const unsigned int slot)
{
	if (!__builtin_constant_p(slot))
		__bpf_unreachable();
	asm volatile("r1 = %[context]\n\t"
		     "r2 = %[map]\n\t"
		     "r3 = %[slot]\n\t"
		     "call 12"
		     :
		     : [context] "r"(context), [map] "r"(map), [slot] "i"(slot)
		     : "r0", "r1", "r2", "r3", "r4", "r5");
}

/* Counting arguments, and doing something with each: up to twelve. */
#define ___bpfcc_14th(A, B, C, D, E, F, G, H, I, J, K, L, M, N, ...) N
#define ___bpfcc_count(...) ___bpfcc_14th(_, ##__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)

#define ___bpfcc_store(TO, ...) ___bpfcc_concat(___bpfcc_store_, ___bpfcc_count(__VA_ARGS__))(TO, 0, ##__VA_ARGS__)
#define ___bpfcc_store_0(TO, INDEX, ...)
#define ___bpfcc_store_1(TO, INDEX, X) TO[INDEX] = (unsigned long long)(X);
#define ___bpfcc_store_2(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_1(TO, INDEX + 1, __VA_ARGS__)
#define ___bpfcc_store_3(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_2(TO, INDEX + 1, __VA_ARGS__)
#define ___bpfcc_store_4(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_3(TO, INDEX + 1, __VA_ARGS__)
#define ___bpfcc_store_5(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_4(TO, INDEX + 1, __VA_ARGS__)
#define ___bpfcc_store_6(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_5(TO, INDEX + 1, __VA_ARGS__)
#define ___bpfcc_store_7(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_6(TO, INDEX + 1, __VA_ARGS__)
#define ___bpfcc_store_8(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_7(TO, INDEX + 1, __VA_ARGS__)
#define ___bpfcc_store_9(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_8(TO, INDEX + 1, __VA_ARGS__)
#define ___bpfcc_store_10(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_9(TO, INDEX + 1, __VA_ARGS__)
#define ___bpfcc_store_11(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_10(TO, INDEX + 1, __VA_ARGS__)
#define ___bpfcc_store_12(TO, INDEX, X, ...) TO[INDEX] = (unsigned long long)(X); ___bpfcc_store_11(TO, INDEX + 1, __VA_ARGS__)
/* An array of one at least: C has no empty arrays. */
#define ___bpfcc_slots(...) (___bpfcc_count(__VA_ARGS__) + !___bpfcc_count(__VA_ARGS__))

#ifndef BPF_NO_GLOBAL_DATA
#define ___bpfcc_format static const char
#else
#define ___bpfcc_format char
#endif

/* Print to the trace log: bpf_trace_printk takes three values, bpf_trace_vprintk any number. */
#define bpf_printk(FORMAT, ...) \
	___bpfcc_concat(___bpfcc_print_, ___bpfcc_count(__VA_ARGS__))(FORMAT, ##__VA_ARGS__)
#define ___bpfcc_print_few(FORMAT, ...)                                             \
	({                                                                          \
		___bpfcc_format ____fmt[] = FORMAT;                                 \
		bpf_trace_printk(____fmt, sizeof(____fmt), ##__VA_ARGS__);          \
	})
#define ___bpfcc_print_many(FORMAT, ...)                                            \
	({                                                                          \
		static const char ____fmt[] = FORMAT;                               \
		unsigned long long ____values[___bpfcc_slots(__VA_ARGS__)];         \
		___bpfcc_store(____values, ##__VA_ARGS__)                           \
		bpf_trace_vprintk(____fmt, sizeof(____fmt), ____values, sizeof(____values)); \
	})
#define ___bpfcc_print_0 ___bpfcc_print_few
#define ___bpfcc_print_1 ___bpfcc_print_few
#define ___bpfcc_print_2 ___bpfcc_print_few
#define ___bpfcc_print_3 ___bpfcc_print_few
#define ___bpfcc_print_4 ___bpfcc_print_many
#define ___bpfcc_print_5 ___bpfcc_print_many
#define ___bpfcc_print_6 ___bpfcc_print_many
#define ___bpfcc_print_7 ___bpfcc_print_many
#define ___bpfcc_print_8 ___bpfcc_print_many
#define ___bpfcc_print_9 ___bpfcc_print_many
#define ___bpfcc_print_10 ___bpfcc_print_many
#define ___bpfcc_print_11 ___bpfcc_print_many
#define ___bpfcc_print_12 ___bpfcc_print_many

#define __bpf_printk(FORMAT, ...) ___bpfcc_print_few(FORMAT, ##__VA_ARGS__)
#define __bpf_vprintk(FORMAT, ...) ___bpfcc_print_many(FORMAT, ##__VA_ARGS__)

#define BPF_SEQ_PRINTF(SEQ, FORMAT, ...)                                            \
	({                                                                          \
		static const char ____fmt[] = FORMAT;                               \
		unsigned long long ____values[___bpfcc_slots(__VA_ARGS__)];         \
		___bpfcc_store(____values, ##__VA_ARGS__)                           \
		bpf_seq_printf(SEQ, ____fmt, sizeof(____fmt), ____values,           \
			       ___bpfcc_count(__VA_ARGS__) * sizeof(____values[0])); \
	})

#define BPF_SNPRINTF(TO, SIZE, FORMAT, ...)                                         \
	({                                                                          \
		static const char ____fmt[] = FORMAT;                               \
		unsigned long long ____values[___bpfcc_slots(__VA_ARGS__)];         \
		___bpfcc_store(____values, ##__VA_ARGS__)                           \
		bpf_snprintf(TO, SIZE, ____fmt, ____values,                         \
			     ___bpfcc_count(__VA_ARGS__) * sizeof(____values[0]));  \
	})

/* Open-coded iterators: new, next until NULL, destroy however the loop is left. */
struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

/* A loop over an iterator of KIND: begun once, asked with MORE before each turn, closed on every way out. The destructor is named
 * because clang gives no types to a function that only a cleanup attribute names. */
#define ___bpfcc_iterate(KIND, MORE, ARGS...)                                                       \
	for (struct bpf_iter_##KIND ___bpfcc_it __attribute__((cleanup(bpf_iter_##KIND##_destroy), aligned(8))), \
	     *___bpfcc_at = ({                                                                       \
		     (void)&bpf_iter_##KIND##_destroy;                                               \
		     bpf_iter_##KIND##_new(&___bpfcc_it, ##ARGS);                                    \
		     &___bpfcc_it;                                                                   \
	     });                                                                                     \
	     MORE;)

#ifndef bpf_for_each
#define bpf_for_each(KIND, CURRENT, ARGS...) \
	___bpfcc_iterate(KIND, ((CURRENT) = bpf_iter_##KIND##_next(___bpfcc_at)), ##ARGS)
#endif

/* The bounds are tested although the iterator keeps them: that is what tells a verifier the range of INDEX. */
#ifndef bpf_for
#define bpf_for(INDEX, START, END)                                                                  \
	___bpfcc_iterate(num, ({                                                                     \
		const int *___bpfcc_number = bpf_iter_num_next(___bpfcc_at);                         \
		if (___bpfcc_number)                                                                 \
			(INDEX) = *___bpfcc_number;                                                  \
		___bpfcc_number && (INDEX) < (END) && (INDEX) >= (START);                            \
	}), (START), (END))
#endif

#ifndef bpf_repeat
#define bpf_repeat(TIMES) ___bpfcc_iterate(num, bpf_iter_num_next(___bpfcc_at), 0, (TIMES))
#endif

#endif
