/* SPDX-License-Identifier: MIT */
#pragma once
#include <bpf/bpf_tracing.h>
