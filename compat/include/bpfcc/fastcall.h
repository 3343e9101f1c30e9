/* SPDX-License-Identifier: MIT */
/*
 * Calls that change no register but the result. The compiler keeps what it needs across them on the stack; a kernel
 * that inlines the call drops these stores and loads, and any other executes them.
 */
#pragma once

#ifndef __bpf_fastcall
#if __has_attribute(bpf_fastcall)
#define __bpf_fastcall __attribute__((bpf_fastcall))
#else
#define __bpf_fastcall
#endif
#endif
