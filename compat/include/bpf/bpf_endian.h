/* SPDX-License-Identifier: MIT */
/* Between the byte order of the BPF target and the network's; constants are folded when compiling. */
#ifndef __BPF_ENDIAN__
#define __BPF_ENDIAN__

#define ___bpfcc_swap16(X) ((__u16)((((X) & 0x00ffU) << 8) | (((X) & 0xff00U) >> 8)))
#define ___bpfcc_swap32(X) \
	((__u32)((((X) & 0x000000ffU) << 24) | (((X) & 0x0000ff00U) << 8) | (((X) & 0x00ff0000U) >> 8) | (((X) & 0xff000000U) >> 24)))
#define ___bpfcc_swap64(X) \
	((__u64)(((__u64)___bpfcc_swap32((__u32)(X)) << 32) | ___bpfcc_swap32((__u32)((__u64)(X) >> 32))))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define __bpf_constant_htons(X) ___bpfcc_swap16((__u16)(X))
#define __bpf_constant_htonl(X) ___bpfcc_swap32((__u32)(X))
#define __bpf_constant_cpu_to_be64(X) ___bpfcc_swap64((__u64)(X))
#define __bpf_htons(X) __builtin_bswap16(X)
#define __bpf_htonl(X) __builtin_bswap32(X)
#define __bpf_cpu_to_be64(X) __builtin_bswap64(X)
#else
#define __bpf_constant_htons(X) (X)
#define __bpf_constant_htonl(X) (X)
#define __bpf_constant_cpu_to_be64(X) (X)
#define __bpf_htons(X) (X)
#define __bpf_htonl(X) (X)
#define __bpf_cpu_to_be64(X) (X)
#endif

#define __bpf_constant_ntohs(X) __bpf_constant_htons(X)
#define __bpf_constant_ntohl(X) __bpf_constant_htonl(X)
#define __bpf_constant_be64_to_cpu(X) __bpf_constant_cpu_to_be64(X)
#define __bpf_ntohs(X) __bpf_htons(X)
#define __bpf_ntohl(X) __bpf_htonl(X)
#define __bpf_be64_to_cpu(X) __bpf_cpu_to_be64(X)

#define ___bpfcc_fold(KIND, X) (__builtin_constant_p(X) ? __bpf_constant_##KIND(X) : __bpf_##KIND(X))
#define bpf_htons(X) ___bpfcc_fold(htons, X)
#define bpf_ntohs(X) ___bpfcc_fold(ntohs, X)
#define bpf_htonl(X) ___bpfcc_fold(htonl, X)
#define bpf_ntohl(X) ___bpfcc_fold(ntohl, X)
#define bpf_cpu_to_be64(X) ___bpfcc_fold(cpu_to_be64, X)
#define bpf_be64_to_cpu(X) ___bpfcc_fold(be64_to_cpu, X)

#endif
