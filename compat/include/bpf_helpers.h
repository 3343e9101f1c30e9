/* SPDX-License-Identifier: MIT */
#pragma once
#include <bpf/bpf_helpers.h>
