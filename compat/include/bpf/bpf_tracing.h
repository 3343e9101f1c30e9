/* SPDX-License-Identifier: MIT */
/*
 * Arguments of traced functions: from saved registers (kprobes, uprobes, system calls) and from the array that
 * tracing programs receive.
 *
 *     SEC("kprobe/do_unlinkat") int BPF_KPROBE(on_unlink, int dfd, struct filename *name) { … }
 *
 * The machine is the one of -D__TARGET_ARCH_…; bpfcc gives that of the host unless told otherwise.
 */
#ifndef __BPF_TRACING_H__
#define __BPF_TRACING_H__

#include <bpf/bpf_helpers.h>

#if defined(__VMLINUX_H__) || defined(__KERNEL__)
#define ___bpfcc_kernel_names
#endif

#if defined(__TARGET_ARCH_x86) && defined(___bpfcc_kernel_names)

#define PT_REGS_SYSCALL_REGS(REGS) ((struct pt_regs *)PT_REGS_PARM1(REGS))

#define __PT_REGS_CAST(REGS) (REGS)
#define ___bpfcc_arg1 di
#define ___bpfcc_arg2 si
#define ___bpfcc_arg3 dx
#define ___bpfcc_arg4 cx
#define ___bpfcc_arg5 r8
#define ___bpfcc_arg6 r9
#define ___bpfcc_syscall_arg1 di
#define ___bpfcc_syscall_arg2 si
#define ___bpfcc_syscall_arg3 dx
#define ___bpfcc_syscall_arg4 r10
#define ___bpfcc_syscall_arg5 r8
#define ___bpfcc_syscall_arg6 r9
#define ___bpfcc_reg_RET sp
#define ___bpfcc_reg_FP bp
#define ___bpfcc_reg_RC ax
#define ___bpfcc_reg_SP sp
#define ___bpfcc_reg_IP ip

#elif defined(__TARGET_ARCH_x86)

#define PT_REGS_SYSCALL_REGS(REGS) ((struct pt_regs *)PT_REGS_PARM1(REGS))

#define __PT_REGS_CAST(REGS) (REGS)
#define ___bpfcc_arg1 rdi
#define ___bpfcc_arg2 rsi
#define ___bpfcc_arg3 rdx
#define ___bpfcc_arg4 rcx
#define ___bpfcc_arg5 r8
#define ___bpfcc_arg6 r9
#define ___bpfcc_syscall_arg1 rdi
#define ___bpfcc_syscall_arg2 rsi
#define ___bpfcc_syscall_arg3 rdx
#define ___bpfcc_syscall_arg4 r10
#define ___bpfcc_syscall_arg5 r8
#define ___bpfcc_syscall_arg6 r9
#define ___bpfcc_reg_RET rsp
#define ___bpfcc_reg_FP rbp
#define ___bpfcc_reg_RC rax
#define ___bpfcc_reg_SP rsp
#define ___bpfcc_reg_IP rip

#elif defined(__TARGET_ARCH_arm64)

/* The first argument of a system call is kept apart, since its register holds the result. */
struct pt_regs___arm64 {
	unsigned long orig_x0;
} __attribute__((preserve_access_index));

#define PT_REGS_SYSCALL_REGS(REGS) ((struct pt_regs *)PT_REGS_PARM1(REGS))
#define PT_REGS_PARM1_SYSCALL(REGS) PT_REGS_PARM1_CORE_SYSCALL(REGS)
#define PT_REGS_PARM1_CORE_SYSCALL(REGS) BPF_CORE_READ((const struct pt_regs___arm64 *)(REGS), orig_x0)

#define __PT_REGS_CAST(REGS) ((const struct user_pt_regs *)(REGS))
#define ___bpfcc_arg1 regs[0]
#define ___bpfcc_arg2 regs[1]
#define ___bpfcc_arg3 regs[2]
#define ___bpfcc_arg4 regs[3]
#define ___bpfcc_arg5 regs[4]
#define ___bpfcc_arg6 regs[5]
#define ___bpfcc_arg7 regs[6]
#define ___bpfcc_arg8 regs[7]
#define ___bpfcc_syscall_arg1 orig_x0
#define ___bpfcc_syscall_arg2 regs[1]
#define ___bpfcc_syscall_arg3 regs[2]
#define ___bpfcc_syscall_arg4 regs[3]
#define ___bpfcc_syscall_arg5 regs[4]
#define ___bpfcc_syscall_arg6 regs[5]
#define ___bpfcc_reg_RET regs[30]
#define ___bpfcc_reg_FP regs[29]
#define ___bpfcc_reg_RC regs[0]
#define ___bpfcc_reg_SP sp
#define ___bpfcc_reg_IP pc

#elif defined(__TARGET_ARCH_arm)

#define __PT_REGS_CAST(REGS) (REGS)
#define ___bpfcc_arg1 uregs[0]
#define ___bpfcc_arg2 uregs[1]
#define ___bpfcc_arg3 uregs[2]
#define ___bpfcc_arg4 uregs[3]
#define ___bpfcc_syscall_arg1 uregs[17]
#define ___bpfcc_syscall_arg2 uregs[1]
#define ___bpfcc_syscall_arg3 uregs[2]
#define ___bpfcc_syscall_arg4 uregs[3]
#define ___bpfcc_syscall_arg5 uregs[4]
#define ___bpfcc_syscall_arg6 uregs[5]
#define ___bpfcc_syscall_arg7 uregs[6]
#define ___bpfcc_reg_RET uregs[14]
#define ___bpfcc_reg_FP uregs[11]
#define ___bpfcc_reg_RC uregs[0]
#define ___bpfcc_reg_SP uregs[13]
#define ___bpfcc_reg_IP uregs[12]

#elif defined(__TARGET_ARCH_s390)

struct pt_regs___s390 {
	unsigned long orig_gpr2;
} __attribute__((preserve_access_index));

#define PT_REGS_PARM1_SYSCALL(REGS) PT_REGS_PARM1_CORE_SYSCALL(REGS)
#define PT_REGS_PARM1_CORE_SYSCALL(REGS) BPF_CORE_READ((const struct pt_regs___s390 *)(REGS), orig_gpr2)

#define __PT_REGS_CAST(REGS) ((const user_pt_regs *)(REGS))
#define ___bpfcc_arg1 gprs[2]
#define ___bpfcc_arg2 gprs[3]
#define ___bpfcc_arg3 gprs[4]
#define ___bpfcc_arg4 gprs[5]
#define ___bpfcc_arg5 gprs[6]
#define ___bpfcc_syscall_arg1 orig_gpr2
#define ___bpfcc_syscall_arg2 gprs[3]
#define ___bpfcc_syscall_arg3 gprs[4]
#define ___bpfcc_syscall_arg4 gprs[5]
#define ___bpfcc_syscall_arg5 gprs[6]
#define ___bpfcc_syscall_arg6 gprs[7]
#define ___bpfcc_reg_RET gprs[14]
#define ___bpfcc_reg_FP gprs[11]
#define ___bpfcc_reg_RC gprs[2]
#define ___bpfcc_reg_SP gprs[15]
#define ___bpfcc_reg_IP psw.addr

#elif defined(__TARGET_ARCH_powerpc)

#define __PT_REGS_CAST(REGS) (REGS)
#define ___bpfcc_arg1 gpr[3]
#define ___bpfcc_arg2 gpr[4]
#define ___bpfcc_arg3 gpr[5]
#define ___bpfcc_arg4 gpr[6]
#define ___bpfcc_arg5 gpr[7]
#define ___bpfcc_arg6 gpr[8]
#define ___bpfcc_arg7 gpr[9]
#define ___bpfcc_arg8 gpr[10]
#define ___bpfcc_syscall_arg1 orig_gpr3
#define ___bpfcc_syscall_arg2 gpr[4]
#define ___bpfcc_syscall_arg3 gpr[5]
#define ___bpfcc_syscall_arg4 gpr[6]
#define ___bpfcc_syscall_arg5 gpr[7]
#define ___bpfcc_syscall_arg6 gpr[8]
#define ___bpfcc_syscall_arg7 gpr[9]
#define ___bpfcc_reg_RET nip
#define ___bpfcc_reg_FP gpr[1]
#define ___bpfcc_reg_RC gpr[3]
#define ___bpfcc_reg_SP gpr[1]
#define ___bpfcc_reg_IP nip

#elif defined(__TARGET_ARCH_riscv)

struct pt_regs___riscv {
	unsigned long orig_a0;
} __attribute__((preserve_access_index));

#define PT_REGS_SYSCALL_REGS(REGS) ((struct pt_regs *)PT_REGS_PARM1(REGS))
#define PT_REGS_PARM1_SYSCALL(REGS) PT_REGS_PARM1_CORE_SYSCALL(REGS)
#define PT_REGS_PARM1_CORE_SYSCALL(REGS) BPF_CORE_READ((const struct pt_regs___riscv *)(REGS), orig_a0)

#define __PT_REGS_CAST(REGS) ((const struct user_regs_struct *)(REGS))
#define ___bpfcc_arg1 a0
#define ___bpfcc_arg2 a1
#define ___bpfcc_arg3 a2
#define ___bpfcc_arg4 a3
#define ___bpfcc_arg5 a4
#define ___bpfcc_arg6 a5
#define ___bpfcc_arg7 a6
#define ___bpfcc_arg8 a7
#define ___bpfcc_syscall_arg1 orig_a0
#define ___bpfcc_syscall_arg2 a1
#define ___bpfcc_syscall_arg3 a2
#define ___bpfcc_syscall_arg4 a3
#define ___bpfcc_syscall_arg5 a4
#define ___bpfcc_syscall_arg6 a5
#define ___bpfcc_reg_RET ra
#define ___bpfcc_reg_FP s0
#define ___bpfcc_reg_RC a0
#define ___bpfcc_reg_SP sp
#define ___bpfcc_reg_IP pc

#elif defined(__TARGET_ARCH_loongarch)

#define PT_REGS_SYSCALL_REGS(REGS) ((struct pt_regs *)PT_REGS_PARM1(REGS))

#define __PT_REGS_CAST(REGS) ((const struct user_pt_regs *)(REGS))
#define ___bpfcc_arg1 regs[4]
#define ___bpfcc_arg2 regs[5]
#define ___bpfcc_arg3 regs[6]
#define ___bpfcc_arg4 regs[7]
#define ___bpfcc_arg5 regs[8]
#define ___bpfcc_arg6 regs[9]
#define ___bpfcc_arg7 regs[10]
#define ___bpfcc_arg8 regs[11]
#define ___bpfcc_syscall_arg1 orig_a0
#define ___bpfcc_syscall_arg2 regs[5]
#define ___bpfcc_syscall_arg3 regs[6]
#define ___bpfcc_syscall_arg4 regs[7]
#define ___bpfcc_syscall_arg5 regs[8]
#define ___bpfcc_syscall_arg6 regs[9]
#define ___bpfcc_reg_RET regs[1]
#define ___bpfcc_reg_FP regs[22]
#define ___bpfcc_reg_RC regs[4]
#define ___bpfcc_reg_SP regs[3]
#define ___bpfcc_reg_IP csr_era

#elif defined(__TARGET_ARCH_mips)

#define __PT_REGS_CAST(REGS) (REGS)
#define ___bpfcc_arg1 regs[4]
#define ___bpfcc_arg2 regs[5]
#define ___bpfcc_arg3 regs[6]
#define ___bpfcc_arg4 regs[7]
#define ___bpfcc_arg5 regs[8]
#define ___bpfcc_arg6 regs[9]
#define ___bpfcc_arg7 regs[10]
#define ___bpfcc_arg8 regs[11]
#define ___bpfcc_syscall_arg1 regs[4]
#define ___bpfcc_syscall_arg2 regs[5]
#define ___bpfcc_syscall_arg3 regs[6]
#define ___bpfcc_syscall_arg4 regs[7]
#define ___bpfcc_syscall_arg5 regs[8]
#define ___bpfcc_syscall_arg6 regs[9]
#define ___bpfcc_reg_RET regs[31]
#define ___bpfcc_reg_FP regs[30]
#define ___bpfcc_reg_RC regs[2]
#define ___bpfcc_reg_SP regs[29]
#define ___bpfcc_reg_IP cp0_epc

#else

#define __PT_REGS_CAST(REGS) \
	({ _Static_assert(0, "name the traced machine with -D__TARGET_ARCH_x86 (arm64, arm, s390, powerpc, riscv, loongarch, mips)"); (REGS); })

#endif

struct pt_regs;

/* Each value read directly, and read with relocation from a pointer of the kernel. */
#define ___bpfcc_reg(REGS, NAME) (__PT_REGS_CAST(REGS)->NAME)
#define ___bpfcc_reg_core(REGS, NAME) BPF_CORE_READ(__PT_REGS_CAST(REGS), NAME)

#ifdef ___bpfcc_arg1
#define PT_REGS_RET(REGS) ___bpfcc_reg(REGS, ___bpfcc_reg_RET)
#define PT_REGS_RET_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_reg_RET)
#define PT_REGS_FP(REGS) ___bpfcc_reg(REGS, ___bpfcc_reg_FP)
#define PT_REGS_FP_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_reg_FP)
#define PT_REGS_RC(REGS) ___bpfcc_reg(REGS, ___bpfcc_reg_RC)
#define PT_REGS_RC_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_reg_RC)
#define PT_REGS_SP(REGS) ___bpfcc_reg(REGS, ___bpfcc_reg_SP)
#define PT_REGS_SP_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_reg_SP)
#define PT_REGS_IP(REGS) ___bpfcc_reg(REGS, ___bpfcc_reg_IP)
#define PT_REGS_IP_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_reg_IP)
#define PT_REGS_PARM1(REGS) ___bpfcc_reg(REGS, ___bpfcc_arg1)
#define PT_REGS_PARM1_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_arg1)
#define PT_REGS_PARM2(REGS) ___bpfcc_reg(REGS, ___bpfcc_arg2)
#define PT_REGS_PARM2_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_arg2)
#define PT_REGS_PARM3(REGS) ___bpfcc_reg(REGS, ___bpfcc_arg3)
#define PT_REGS_PARM3_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_arg3)
#define PT_REGS_PARM4(REGS) ___bpfcc_reg(REGS, ___bpfcc_arg4)
#define PT_REGS_PARM4_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_arg4)
#define PT_REGS_PARM5(REGS) ___bpfcc_reg(REGS, ___bpfcc_arg5)
#define PT_REGS_PARM5_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_arg5)
#endif
#ifdef ___bpfcc_arg6
#define PT_REGS_PARM6(REGS) ___bpfcc_reg(REGS, ___bpfcc_arg6)
#define PT_REGS_PARM6_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_arg6)
#endif
#ifdef ___bpfcc_arg7
#define PT_REGS_PARM7(REGS) ___bpfcc_reg(REGS, ___bpfcc_arg7)
#define PT_REGS_PARM7_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_arg7)
#endif
#ifdef ___bpfcc_arg8
#define PT_REGS_PARM8(REGS) ___bpfcc_reg(REGS, ___bpfcc_arg8)
#define PT_REGS_PARM8_CORE(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_arg8)
#endif

/* System calls: some machines pass their arguments in other registers. */
#if defined(___bpfcc_syscall_arg1) && !defined(PT_REGS_PARM1_SYSCALL)
#define PT_REGS_PARM1_SYSCALL(REGS) ___bpfcc_reg(REGS, ___bpfcc_syscall_arg1)
#define PT_REGS_PARM1_CORE_SYSCALL(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_syscall_arg1)
#endif
#if defined(___bpfcc_syscall_arg2)
#define PT_REGS_PARM2_SYSCALL(REGS) ___bpfcc_reg(REGS, ___bpfcc_syscall_arg2)
#define PT_REGS_PARM2_CORE_SYSCALL(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_syscall_arg2)
#endif
#if defined(___bpfcc_syscall_arg3)
#define PT_REGS_PARM3_SYSCALL(REGS) ___bpfcc_reg(REGS, ___bpfcc_syscall_arg3)
#define PT_REGS_PARM3_CORE_SYSCALL(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_syscall_arg3)
#endif
#if defined(___bpfcc_syscall_arg4)
#define PT_REGS_PARM4_SYSCALL(REGS) ___bpfcc_reg(REGS, ___bpfcc_syscall_arg4)
#define PT_REGS_PARM4_CORE_SYSCALL(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_syscall_arg4)
#endif
#if defined(___bpfcc_syscall_arg5)
#define PT_REGS_PARM5_SYSCALL(REGS) ___bpfcc_reg(REGS, ___bpfcc_syscall_arg5)
#define PT_REGS_PARM5_CORE_SYSCALL(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_syscall_arg5)
#endif
#if defined(___bpfcc_syscall_arg6)
#define PT_REGS_PARM6_SYSCALL(REGS) ___bpfcc_reg(REGS, ___bpfcc_syscall_arg6)
#define PT_REGS_PARM6_CORE_SYSCALL(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_syscall_arg6)
#endif
#if defined(___bpfcc_syscall_arg7)
#define PT_REGS_PARM7_SYSCALL(REGS) ___bpfcc_reg(REGS, ___bpfcc_syscall_arg7)
#define PT_REGS_PARM7_CORE_SYSCALL(REGS) ___bpfcc_reg_core(REGS, ___bpfcc_syscall_arg7)
#endif

/* Where the machine wraps system calls, the registers are behind the first argument; elsewhere they are the context. */
#ifndef PT_REGS_SYSCALL_REGS
#define PT_REGS_SYSCALL_REGS(REGS) ((struct pt_regs *)(REGS))
#endif

/* The address a function was called from, and the one it returns to. */
#if defined(__TARGET_ARCH_powerpc)
#define BPF_KPROBE_READ_RET_IP(IP, CTX) ({ (IP) = (CTX)->link; })
#define BPF_KRETPROBE_READ_RET_IP BPF_KPROBE_READ_RET_IP
#elif defined(__TARGET_ARCH_x86)
#define BPF_KPROBE_READ_RET_IP(IP, CTX) ({ bpf_probe_read_kernel(&(IP), sizeof(IP), (void *)PT_REGS_RET(CTX)); })
#define BPF_KRETPROBE_READ_RET_IP(IP, CTX) \
	({ bpf_probe_read_kernel(&(IP), sizeof(IP), (void *)(PT_REGS_FP(CTX) + sizeof(IP))); })
#else
#define BPF_KPROBE_READ_RET_IP(IP, CTX) ({ (IP) = PT_REGS_RET(CTX); })
#define BPF_KRETPROBE_READ_RET_IP BPF_KPROBE_READ_RET_IP
#endif

/*
 * A program is written with typed parameters. The section gets a function that takes the context, and calls one
 * that is inlined and takes the parameters, each cast from a 64-bit word. COUNT picks how many words to pass.
 */
#define ___bpfcc_select(PREFIX, ARGS...) ___bpfcc_concat(PREFIX, ___bpfcc_count(ARGS))

#define ___bpfcc_word_0() ctx
#define ___bpfcc_word_1() ___bpfcc_word_0(), (void *)ctx[0]
#define ___bpfcc_word_2() ___bpfcc_word_1(), (void *)ctx[1]
#define ___bpfcc_word_3() ___bpfcc_word_2(), (void *)ctx[2]
#define ___bpfcc_word_4() ___bpfcc_word_3(), (void *)ctx[3]
#define ___bpfcc_word_5() ___bpfcc_word_4(), (void *)ctx[4]
#define ___bpfcc_word_6() ___bpfcc_word_5(), (void *)ctx[5]
#define ___bpfcc_word_7() ___bpfcc_word_6(), (void *)ctx[6]
#define ___bpfcc_word_8() ___bpfcc_word_7(), (void *)ctx[7]
#define ___bpfcc_word_9() ___bpfcc_word_8(), (void *)ctx[8]
#define ___bpfcc_word_10() ___bpfcc_word_9(), (void *)ctx[9]
#define ___bpfcc_word_11() ___bpfcc_word_10(), (void *)ctx[10]
#define ___bpfcc_word_12() ___bpfcc_word_11(), (void *)ctx[11]

#define ___bpfcc_parm_0() ctx
#define ___bpfcc_parm_1() ___bpfcc_parm_0(), (void *)PT_REGS_PARM1(ctx)
#define ___bpfcc_parm_2() ___bpfcc_parm_1(), (void *)PT_REGS_PARM2(ctx)
#define ___bpfcc_parm_3() ___bpfcc_parm_2(), (void *)PT_REGS_PARM3(ctx)
#define ___bpfcc_parm_4() ___bpfcc_parm_3(), (void *)PT_REGS_PARM4(ctx)
#define ___bpfcc_parm_5() ___bpfcc_parm_4(), (void *)PT_REGS_PARM5(ctx)
#define ___bpfcc_parm_6() ___bpfcc_parm_5(), (void *)PT_REGS_PARM6(ctx)
#define ___bpfcc_parm_7() ___bpfcc_parm_6(), (void *)PT_REGS_PARM7(ctx)
#define ___bpfcc_parm_8() ___bpfcc_parm_7(), (void *)PT_REGS_PARM8(ctx)

#define ___bpfcc_syscall_0() ctx
#define ___bpfcc_syscall_1() ___bpfcc_syscall_0(), (void *)PT_REGS_PARM1_SYSCALL(regs)
#define ___bpfcc_syscall_2() ___bpfcc_syscall_1(), (void *)PT_REGS_PARM2_SYSCALL(regs)
#define ___bpfcc_syscall_3() ___bpfcc_syscall_2(), (void *)PT_REGS_PARM3_SYSCALL(regs)
#define ___bpfcc_syscall_4() ___bpfcc_syscall_3(), (void *)PT_REGS_PARM4_SYSCALL(regs)
#define ___bpfcc_syscall_5() ___bpfcc_syscall_4(), (void *)PT_REGS_PARM5_SYSCALL(regs)
#define ___bpfcc_syscall_6() ___bpfcc_syscall_5(), (void *)PT_REGS_PARM6_SYSCALL(regs)
#define ___bpfcc_syscall_7() ___bpfcc_syscall_6(), (void *)PT_REGS_PARM7_SYSCALL(regs)

#define ___bpfcc_syswrap_0() ctx
#define ___bpfcc_syswrap_1() ___bpfcc_syswrap_0(), (void *)PT_REGS_PARM1_CORE_SYSCALL(regs)
#define ___bpfcc_syswrap_2() ___bpfcc_syswrap_1(), (void *)PT_REGS_PARM2_CORE_SYSCALL(regs)
#define ___bpfcc_syswrap_3() ___bpfcc_syswrap_2(), (void *)PT_REGS_PARM3_CORE_SYSCALL(regs)
#define ___bpfcc_syswrap_4() ___bpfcc_syswrap_3(), (void *)PT_REGS_PARM4_CORE_SYSCALL(regs)
#define ___bpfcc_syswrap_5() ___bpfcc_syswrap_4(), (void *)PT_REGS_PARM5_CORE_SYSCALL(regs)
#define ___bpfcc_syswrap_6() ___bpfcc_syswrap_5(), (void *)PT_REGS_PARM6_CORE_SYSCALL(regs)
#define ___bpfcc_syswrap_7() ___bpfcc_syswrap_6(), (void *)PT_REGS_PARM7_CORE_SYSCALL(regs)

/* fentry, fexit, fmod_ret, raw tracepoints with BTF, LSM, struct_ops: CTX is an array of 64-bit words. */
#define BPF_PROG(NAME, ARGS...)                                                                     \
	NAME(unsigned long long *ctx);                                                              \
	static __always_inline typeof(NAME(0)) ____##NAME(unsigned long long *ctx, ##ARGS);         \
	typeof(NAME(0)) NAME(unsigned long long *ctx)                                               \
	{                                                                                           \
		_Pragma("GCC diagnostic push")                                                      \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                              \
		return ____##NAME(___bpfcc_select(___bpfcc_word_, ##ARGS)());                       \
		_Pragma("GCC diagnostic pop")                                                       \
	}                                                                                           \
	static __always_inline typeof(NAME(0)) ____##NAME(unsigned long long *ctx, ##ARGS)

/* kprobe and uprobe: CTX is the saved registers. */
#define BPF_KPROBE(NAME, ARGS...)                                                                   \
	NAME(struct pt_regs *ctx);                                                                  \
	static __always_inline typeof(NAME(0)) ____##NAME(struct pt_regs *ctx, ##ARGS);             \
	typeof(NAME(0)) NAME(struct pt_regs *ctx)                                                   \
	{                                                                                           \
		_Pragma("GCC diagnostic push")                                                      \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                              \
		return ____##NAME(___bpfcc_select(___bpfcc_parm_, ##ARGS)());                       \
		_Pragma("GCC diagnostic pop")                                                       \
	}                                                                                           \
	static __always_inline typeof(NAME(0)) ____##NAME(struct pt_regs *ctx, ##ARGS)
#define BPF_UPROBE(NAME, ARGS...) BPF_KPROBE(NAME, ##ARGS)

/* kretprobe and uretprobe: at most one parameter, the value returned. */
#define ___bpfcc_result_0() ctx
#define ___bpfcc_result_1() ctx, (void *)PT_REGS_RC(ctx)
#define BPF_KRETPROBE(NAME, ARGS...)                                                                \
	NAME(struct pt_regs *ctx);                                                                  \
	static __always_inline typeof(NAME(0)) ____##NAME(struct pt_regs *ctx, ##ARGS);             \
	typeof(NAME(0)) NAME(struct pt_regs *ctx)                                                   \
	{                                                                                           \
		_Pragma("GCC diagnostic push")                                                      \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                              \
		return ____##NAME(___bpfcc_select(___bpfcc_result_, ##ARGS)());                     \
		_Pragma("GCC diagnostic pop")                                                       \
	}                                                                                           \
	static __always_inline typeof(NAME(0)) ____##NAME(struct pt_regs *ctx, ##ARGS)
#define BPF_URETPROBE(NAME, ARGS...) BPF_KRETPROBE(NAME, ##ARGS)

/* A kprobe on a system call: with wrappers the registers are behind the first argument and must be read. */
#define BPF_KSYSCALL(NAME, ARGS...)                                                                 \
	NAME(struct pt_regs *ctx);                                                                  \
	extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;                                           \
	static __always_inline typeof(NAME(0)) ____##NAME(struct pt_regs *ctx, ##ARGS);             \
	typeof(NAME(0)) NAME(struct pt_regs *ctx)                                                   \
	{                                                                                           \
		struct pt_regs *regs = LINUX_HAS_SYSCALL_WRAPPER                                    \
					       ? (struct pt_regs *)PT_REGS_SYSCALL_REGS(ctx)        \
					       : (struct pt_regs *)ctx;                             \
		(void)regs;                                                                         \
		_Pragma("GCC diagnostic push")                                                      \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                              \
		if (LINUX_HAS_SYSCALL_WRAPPER)                                                      \
			return ____##NAME(___bpfcc_select(___bpfcc_syswrap_, ##ARGS)());            \
		return ____##NAME(___bpfcc_select(___bpfcc_syscall_, ##ARGS)());                    \
		_Pragma("GCC diagnostic pop")                                                       \
	}                                                                                           \
	static __always_inline typeof(NAME(0)) ____##NAME(struct pt_regs *ctx, ##ARGS)
#define BPF_KPROBE_SYSCALL BPF_KSYSCALL

/*
 * Like BPF_PROG, for parameters that may be structures; types and names alternate:
 *
 *     int BPF_PROG2(on_call, struct pair, both, int, flags) { … }
 *
 * A structure of more than 8 bytes takes two words. Words are copied whole, since the context allows no narrower reads.
 */
#define ___bpfcc_words(TYPE) ((sizeof(TYPE) + 7) / 8)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ___bpfcc_first_word(TYPE, WORD) (WORD)
#else
#define ___bpfcc_first_word(TYPE, WORD) (sizeof(TYPE) < 8 ? (WORD) << (64 - 8 * (sizeof(TYPE) & 7)) : (WORD))
#endif
#define ___bpfcc_object(TYPE, AT)                                            \
	({                                                                   \
		union {                                                      \
			unsigned long long words[2];                         \
			TYPE object;                                         \
		} ___u;                                                      \
		___u.words[0] = ___bpfcc_first_word(TYPE, ctx[AT]);          \
		if (sizeof(TYPE) > 8)                                        \
			___u.words[1] = ctx[(AT) + 1];                       \
		___u.object;                                                 \
	})

#define ___bpfcc_25th(C, T1, N1, T2, N2, T3, N3, T4, N4, T5, N5, T6, N6, T7, N7, T8, N8, T9, N9, T10, N10, T11, N11, T12, N12, N, ...) N
#define ___bpfcc_pairs(...) ___bpfcc_25th(_, ##__VA_ARGS__, 12, 12, 11, 11, 10, 10, 9, 9, 8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0)
#define ___bpfcc_declare_0()
#define ___bpfcc_declare_1(TYPE, NAME) , TYPE NAME
#define ___bpfcc_declare_2(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_1(__VA_ARGS__)
#define ___bpfcc_declare_3(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_2(__VA_ARGS__)
#define ___bpfcc_declare_4(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_3(__VA_ARGS__)
#define ___bpfcc_declare_5(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_4(__VA_ARGS__)
#define ___bpfcc_declare_6(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_5(__VA_ARGS__)
#define ___bpfcc_declare_7(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_6(__VA_ARGS__)
#define ___bpfcc_declare_8(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_7(__VA_ARGS__)
#define ___bpfcc_declare_9(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_8(__VA_ARGS__)
#define ___bpfcc_declare_10(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_9(__VA_ARGS__)
#define ___bpfcc_declare_11(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_10(__VA_ARGS__)
#define ___bpfcc_declare_12(TYPE, NAME, ...) , TYPE NAME ___bpfcc_declare_11(__VA_ARGS__)
#define ___bpfcc_give_0(AT)
#define ___bpfcc_give_1(AT, TYPE, NAME) , ___bpfcc_object(TYPE, AT)
#define ___bpfcc_give_2(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_1((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_give_3(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_2((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_give_4(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_3((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_give_5(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_4((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_give_6(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_5((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_give_7(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_6((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_give_8(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_7((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_give_9(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_8((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_give_10(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_9((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_give_11(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_10((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_give_12(AT, TYPE, NAME, ...) , ___bpfcc_object(TYPE, AT) ___bpfcc_give_11((AT) + ___bpfcc_words(TYPE), __VA_ARGS__)
#define ___bpfcc_declared(PAIRS...) ___bpfcc_concat(___bpfcc_declare_, ___bpfcc_pairs(PAIRS))(PAIRS)
#define ___bpfcc_given(PAIRS...) ___bpfcc_concat(___bpfcc_give_, ___bpfcc_pairs(PAIRS))(0, ##PAIRS)

#define BPF_PROG2(NAME, PAIRS...)                                                                             \
	NAME(unsigned long long *ctx);                                                                        \
	static __always_inline typeof(NAME(0)) ____##NAME(unsigned long long *ctx ___bpfcc_declared(PAIRS));  \
	typeof(NAME(0)) NAME(unsigned long long *ctx)                                                         \
	{                                                                                                     \
		return ____##NAME(ctx ___bpfcc_given(PAIRS));                                                 \
	}                                                                                                     \
	static __always_inline typeof(NAME(0)) ____##NAME(unsigned long long *ctx ___bpfcc_declared(PAIRS))

#endif
