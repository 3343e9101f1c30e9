/* SPDX-License-Identifier: MIT */
/*
 * The saved registers of a traced task, with the names of the kernel's own headers.
 * The machine is the one named by -D__TARGET_ARCH_…; without it, x86.
 */
#pragma once

#if defined(__TARGET_ARCH_arm64)

struct user_pt_regs {
	unsigned long long regs[31];
	unsigned long long sp;
	unsigned long long pc;
	unsigned long long pstate;
};

struct pt_regs {
	union {
		struct user_pt_regs user_regs;
		struct {
			unsigned long long regs[31];
			unsigned long long sp;
			unsigned long long pc;
			unsigned long long pstate;
		};
	};
	unsigned long long orig_x0;
	int syscallno;
	unsigned int pmr;
	unsigned long long sdei_ttbr1;
	unsigned long long stackframe[2];
};

typedef struct user_pt_regs bpf_user_pt_regs_t;

#elif defined(__TARGET_ARCH_arm)

struct pt_regs {
	unsigned long uregs[18];
};

typedef struct pt_regs bpf_user_pt_regs_t;

#elif defined(__TARGET_ARCH_s390)

typedef struct {
	unsigned long mask;
	unsigned long addr;
} psw_t;

typedef struct {
	unsigned long args[1];
	psw_t psw;
	unsigned long gprs[16];
} user_pt_regs;

struct pt_regs {
	union {
		user_pt_regs user_regs;
		struct {
			unsigned long args[1];
			psw_t psw;
			unsigned long gprs[16];
		};
	};
	unsigned long orig_gpr2;
};

typedef user_pt_regs bpf_user_pt_regs_t;

#elif defined(__TARGET_ARCH_powerpc)

struct user_pt_regs {
	unsigned long gpr[32];
	unsigned long nip, msr, orig_gpr3, ctr, link, xer, ccr, softe, trap, dar, dsisr, result;
};

struct pt_regs {
	union {
		struct user_pt_regs user_regs;
		struct {
			unsigned long gpr[32];
			unsigned long nip, msr, orig_gpr3, ctr, link, xer, ccr, softe, trap, dar, dsisr, result;
		};
	};
};

typedef struct user_pt_regs bpf_user_pt_regs_t;

#elif defined(__TARGET_ARCH_riscv)

struct user_regs_struct {
	unsigned long pc, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7;
	unsigned long s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6;
};

struct pt_regs {
	unsigned long epc, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7;
	unsigned long s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6;
	unsigned long status, badaddr, cause, orig_a0;
};

typedef struct user_regs_struct bpf_user_pt_regs_t;

#elif defined(__TARGET_ARCH_loongarch)

struct user_pt_regs {
	unsigned long regs[32];
	unsigned long orig_a0, csr_era, csr_badv;
	unsigned long reserved[10];
};

struct pt_regs {
	unsigned long regs[32];
	unsigned long csr_era, csr_badvaddr, csr_crmd, csr_prmd, csr_euen, csr_ecfg, csr_estat, orig_a0;
};

typedef struct user_pt_regs bpf_user_pt_regs_t;

#elif defined(__TARGET_ARCH_mips)

struct pt_regs {
	unsigned long regs[32];
	unsigned long cp0_status, hi, lo, cp0_badvaddr, cp0_cause, cp0_epc;
};

typedef struct pt_regs bpf_user_pt_regs_t;

#else

struct pt_regs {
	unsigned long r15, r14, r13, r12;
	unsigned long bp, bx;
	unsigned long r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di;
	unsigned long orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};

typedef struct pt_regs bpf_user_pt_regs_t;

#endif
