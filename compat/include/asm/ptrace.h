/* SPDX-License-Identifier: MIT */
/* The saved registers of a traced task, with the names of the system call interface (on x86: with the r). */
#pragma once

#ifndef BPFCC_VMLINUX_H

#if defined(__TARGET_ARCH_x86) || !(defined(__TARGET_ARCH_arm64) || defined(__TARGET_ARCH_arm) || defined(__TARGET_ARCH_s390) || \
				    defined(__TARGET_ARCH_powerpc) || defined(__TARGET_ARCH_riscv) || \
				    defined(__TARGET_ARCH_loongarch) || defined(__TARGET_ARCH_mips))

#ifdef __KERNEL__
#include <bpfcc/pt_regs.h>
#else
struct pt_regs {
	unsigned long r15, r14, r13, r12;
	unsigned long rbp, rbx;
	unsigned long r11, r10, r9, r8;
	unsigned long rax, rcx, rdx, rsi, rdi;
	unsigned long orig_rax;
	unsigned long rip, cs, eflags, rsp, ss;
};

typedef struct pt_regs bpf_user_pt_regs_t;
#endif

#else
#include <bpfcc/pt_regs.h>
#endif

#endif
