/* SPDX-License-Identifier: MIT */
/*
 * Kernel types for portable (CO-RE) programs.
 * Every access is recorded for relocation, so a program compiled with this header fits any kernel that has the
 * members it uses. See bpfcc/kernel_types.h for what is complete and what is not.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__
#define BPFCC_VMLINUX_H

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

#include <bpfcc/integers.h>

#include <bpfcc/pt_regs.h>

#include <bpfcc/bpf_structs.h>

#include <bpfcc/kernel_types.h>

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#include <bpfcc/kfuncs.h>

#endif
