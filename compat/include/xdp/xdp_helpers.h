/* SPDX-License-Identifier: MIT */
/*
 * How a program takes its place among those of its network interface, as libxdp reads it: from the type of a variable
 * that is named after the program, with `_` before it.
 *
 *     struct { __uint(priority, 10); __uint(XDP_PASS, 1); } XDP_RUN_CONFIG(my_program);
 */
#ifndef __XDP_HELPERS_H
#define __XDP_HELPERS_H

#define ___bpfcc_run_config(PROGRAM) _##PROGRAM __attribute__((section(".xdp_run_config"), used))
#define XDP_RUN_CONFIG(PROGRAM) ___bpfcc_run_config(PROGRAM)

#define XDP_DEFAULT_RUN_PRIO 50
#define XDP_DEFAULT_CHAIN_CALL_ACTIONS (1 << XDP_PASS)

#endif
