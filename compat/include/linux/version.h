/* SPDX-License-Identifier: MIT */
/* The version whose interface these headers describe. Portable programs ask CO-RE, not this. */
#pragma once

#define LINUX_VERSION_MAJOR 6
#define LINUX_VERSION_PATCHLEVEL 18
#define LINUX_VERSION_SUBLEVEL 0
#define LINUX_VERSION_CODE 397824

#ifndef KERNEL_VERSION
#define KERNEL_VERSION(MAJOR, MINOR, PATCH) (((MAJOR) << 16) + ((MINOR) << 8) + ((PATCH) > 255 ? 255 : (PATCH)))
#endif
