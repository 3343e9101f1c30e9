/* SPDX-License-Identifier: MIT */
#pragma once
#ifndef __BITS_PER_LONG
#define __BITS_PER_LONG 64
#endif
