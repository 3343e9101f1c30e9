/* SPDX-License-Identifier: MIT */
/* Byte swaps. The `constant` forms are expressions that a case label or an initialiser may use. */
#ifndef _LINUX_SWAB_H
#define _LINUX_SWAB_H

#include <linux/types.h>

#define ___constant_swab16(x) ((__u16)(((__u16)(x) << 8) | ((__u16)(x) >> 8)))
#define ___constant_swab32(x) \
	((__u32)(((__u32)(x) << 24) | (((__u32)(x) & 0xff00U) << 8) | (((__u32)(x) >> 8) & 0xff00U) | ((__u32)(x) >> 24)))
#define ___constant_swab64(x) \
	((__u64)(((__u64)___constant_swab32(x) << 32) | ___constant_swab32((__u64)(x) >> 32)))

#define __swab16(x) ((__u16)__builtin_bswap16((__u16)(x)))
#define __swab32(x) ((__u32)__builtin_bswap32((__u32)(x)))
#define __swab64(x) ((__u64)__builtin_bswap64((__u64)(x)))

#define __swab16p(p) __swab16(*(p))
#define __swab32p(p) __swab32(*(p))
#define __swab64p(p) __swab64(*(p))

#endif
