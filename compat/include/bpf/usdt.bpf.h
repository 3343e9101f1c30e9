/* SPDX-License-Identifier: MIT */
/*
 * Arguments of user-level statically defined tracepoints. A loader parses the note of each tracepoint, puts where
 * its arguments are into the map of specifications, and gives the number of the entry as the cookie of the probe
 * (or, where the kernel has no cookies, by address in the second map). The layouts are those that libbpf fills in.
 *
 *     SEC("usdt/./app:provider:name") int BPF_USDT(on_event, void *first, int second) { … }
 */
#ifndef __USDT_BPF_H__
#define __USDT_BPF_H__

#ifndef __VMLINUX_H__
#include <linux/bpf.h>
#include <linux/ptrace.h>
#endif
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <linux/errno.h>

#ifndef BPF_USDT_MAX_SPEC_CNT
#define BPF_USDT_MAX_SPEC_CNT 256
#endif
#ifndef BPF_USDT_MAX_IP_CNT
#define BPF_USDT_MAX_IP_CNT (4 * BPF_USDT_MAX_SPEC_CNT)
#endif
#define BPF_USDT_MAX_ARG_CNT 12

enum __bpf_usdt_arg_type {
	BPF_USDT_ARG_CONST,
	BPF_USDT_ARG_REG,
	BPF_USDT_ARG_REG_DEREF,
	BPF_USDT_ARG_SIB,
};

struct __bpf_usdt_arg_spec {
	__u64 val_off;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	enum __bpf_usdt_arg_type arg_type : 8;
	__u16 idx_reg_off : 12;
	__u16 scale_bitshift : 4;
	__u8 __reserved : 8;
#else
	__u8 __reserved : 8;
	__u16 idx_reg_off : 12;
	__u16 scale_bitshift : 4;
	enum __bpf_usdt_arg_type arg_type : 8;
#endif
	short reg_off;
	_Bool arg_signed;
	char arg_bitshift;
};

struct __bpf_usdt_spec {
	struct __bpf_usdt_arg_spec args[BPF_USDT_MAX_ARG_CNT];
	__u64 usdt_cookie;
	short arg_cnt;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BPF_USDT_MAX_SPEC_CNT);
	__type(key, int);
	__type(value, struct __bpf_usdt_spec);
} __bpf_usdt_specs SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_USDT_MAX_IP_CNT);
	__type(key, long);
	__type(value, __u32);
} __bpf_usdt_ip_to_spec_id SEC(".maps") __weak;

extern const _Bool LINUX_HAS_BPF_COOKIE __kconfig;

static __always_inline struct __bpf_usdt_spec *___bpfcc_usdt_spec(struct pt_regs *ctx)
{
	int number;

	if (LINUX_HAS_BPF_COOKIE) {
		number = bpf_get_attach_cookie(ctx);
	} else {
		long address = PT_REGS_IP(ctx);
		int *found = bpf_map_lookup_elem(&__bpf_usdt_ip_to_spec_id, &address);

		if (!found)
			return NULL;
		number = *found;
	}
	return number < 0 ? NULL : bpf_map_lookup_elem(&__bpf_usdt_specs, &number);
}

__weak __hidden int bpf_usdt_arg_cnt(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = ___bpfcc_usdt_spec(ctx);

	return spec ? spec->arg_cnt : -ESRCH;
}

__weak __hidden long bpf_usdt_cookie(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = ___bpfcc_usdt_spec(ctx);

	return spec ? (long)spec->usdt_cookie : 0;
}

static __always_inline struct __bpf_usdt_arg_spec *___bpfcc_usdt_arg(struct __bpf_usdt_spec *spec, __u64 number)
{
	if (number >= BPF_USDT_MAX_ARG_CNT)
		return NULL;
	/* Keeps the compiler from undoing the check before the index is formed. */
	barrier_var(number);
	if (number >= BPF_USDT_MAX_ARG_CNT || (short)number >= spec->arg_cnt)
		return NULL;
	return &spec->args[number];
}

__weak __hidden int bpf_usdt_arg_size(struct pt_regs *ctx, __u64 arg_num)
{
	struct __bpf_usdt_spec *spec = ___bpfcc_usdt_spec(ctx);
	struct __bpf_usdt_arg_spec *arg;

	if (!spec)
		return -ESRCH;
	arg = ___bpfcc_usdt_arg(spec, arg_num);
	if (!arg)
		return -ENOENT;
	return arg->arg_bitshift < 0 || arg->arg_bitshift > 56 ? -EINVAL : (64 - arg->arg_bitshift) / 8;
}

__weak __hidden int bpf_usdt_arg(struct pt_regs *ctx, __u64 arg_num, long *res)
{
	struct __bpf_usdt_spec *spec = ___bpfcc_usdt_spec(ctx);
	struct __bpf_usdt_arg_spec *arg;
	unsigned long base = 0, index = 0;
	long value = 0;
	int error = 0;

	*res = 0;
	if (!spec)
		return -ESRCH;
	arg = ___bpfcc_usdt_arg(spec, arg_num);
	if (!arg)
		return -ENOENT;
	if (arg->arg_type != BPF_USDT_ARG_CONST) {
		error = bpf_probe_read_kernel(&base, sizeof(base), (void *)ctx + arg->reg_off);
		if (error)
			return error;
	}
	switch (arg->arg_type) {
	case BPF_USDT_ARG_CONST:
		value = arg->val_off;
		break;
	case BPF_USDT_ARG_REG:
		value = base;
		break;
	case BPF_USDT_ARG_SIB:
		error = bpf_probe_read_kernel(&index, sizeof(index), (void *)ctx + arg->idx_reg_off);
		if (error)
			return error;
		base += index << arg->scale_bitshift;
		/* fallthrough */
	case BPF_USDT_ARG_REG_DEREF:
		error = bpf_probe_read_user(&value, sizeof(value), (void *)base + arg->val_off);
		if (error)
			return error;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		value >>= arg->arg_bitshift;
#endif
		break;
	default:
		return -EINVAL;
	}
	value <<= arg->arg_bitshift;
	*res = arg->arg_signed ? value >> arg->arg_bitshift : (long)((unsigned long)value >> arg->arg_bitshift);
	return 0;
}

#define ___bpfcc_usdt_value(NUMBER) ({ long ___v; bpf_usdt_arg(ctx, NUMBER, &___v); (void *)___v; })
#define ___bpfcc_usdt_0() ctx
#define ___bpfcc_usdt_1() ___bpfcc_usdt_0(), ___bpfcc_usdt_value(0)
#define ___bpfcc_usdt_2() ___bpfcc_usdt_1(), ___bpfcc_usdt_value(1)
#define ___bpfcc_usdt_3() ___bpfcc_usdt_2(), ___bpfcc_usdt_value(2)
#define ___bpfcc_usdt_4() ___bpfcc_usdt_3(), ___bpfcc_usdt_value(3)
#define ___bpfcc_usdt_5() ___bpfcc_usdt_4(), ___bpfcc_usdt_value(4)
#define ___bpfcc_usdt_6() ___bpfcc_usdt_5(), ___bpfcc_usdt_value(5)
#define ___bpfcc_usdt_7() ___bpfcc_usdt_6(), ___bpfcc_usdt_value(6)
#define ___bpfcc_usdt_8() ___bpfcc_usdt_7(), ___bpfcc_usdt_value(7)
#define ___bpfcc_usdt_9() ___bpfcc_usdt_8(), ___bpfcc_usdt_value(8)
#define ___bpfcc_usdt_10() ___bpfcc_usdt_9(), ___bpfcc_usdt_value(9)
#define ___bpfcc_usdt_11() ___bpfcc_usdt_10(), ___bpfcc_usdt_value(10)
#define ___bpfcc_usdt_12() ___bpfcc_usdt_11(), ___bpfcc_usdt_value(11)

#define BPF_USDT(NAME, ARGS...)                                                             \
	NAME(struct pt_regs *ctx);                                                          \
	static __always_inline typeof(NAME(0)) ____##NAME(struct pt_regs *ctx, ##ARGS);     \
	typeof(NAME(0)) NAME(struct pt_regs *ctx)                                           \
	{                                                                                   \
		_Pragma("GCC diagnostic push")                                              \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                      \
		return ____##NAME(___bpfcc_select(___bpfcc_usdt_, ##ARGS)());               \
		_Pragma("GCC diagnostic pop")                                               \
	}                                                                                   \
	static __always_inline typeof(NAME(0)) ____##NAME(struct pt_regs *ctx, ##ARGS)

#endif
