#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A disk under SQLite that fails or hangs when a test says so.
 */

#include <stdatomic.h>

typedef struct FaultVfs {
        atomic_int fail_writes; /* so many of the next writes fail with @write_code */
        atomic_int write_code;
        atomic_int fail_syncs; /* so many of the next syncs fail with SQLITE_IOERR_FSYNC */
        atomic_int fail_reads;
        atomic_bool hold_syncs; /* a sync does not return while it is set */
        atomic_int n_held;      /* syncs that wait now */
        atomic_int n_syncs;
} FaultVfs;

extern FaultVfs fault_vfs;

/**
 * fault_vfs_install() - lay it under every database that is opened from now on
 */
void fault_vfs_install(void);
