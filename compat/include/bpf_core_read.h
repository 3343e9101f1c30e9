/* SPDX-License-Identifier: MIT */
#pragma once
#include <bpf/bpf_core_read.h>
