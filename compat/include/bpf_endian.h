/* SPDX-License-Identifier: MIT */
#pragma once
#include <bpf/bpf_endian.h>
