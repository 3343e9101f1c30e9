/* SPDX-License-Identifier: MIT */
/* Fixed-width integers of the kernel interface, as every 64-bit architecture defines them. */
#pragma once

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;

#define __BITS_PER_LONG 64
