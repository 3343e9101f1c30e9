/* SPDX-License-Identifier: MIT */
#pragma once
#include <asm/ptrace.h>
