/* SPDX-License-Identifier: MIT */
#pragma once
#include <asm-generic/errno.h>
