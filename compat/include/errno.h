/* SPDX-License-Identifier: MIT */
/* Error numbers; a BPF program has no errno variable. */
#pragma once

#include <linux/errno.h>

#ifndef ENOTSUP
#define ENOTSUP EOPNOTSUPP
#endif
