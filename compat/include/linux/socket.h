/* SPDX-License-Identifier: MIT */
#pragma once

typedef unsigned short __kernel_sa_family_t;
