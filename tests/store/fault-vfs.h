#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A disk under SQLite that fails or hangs when a test says so.
 */

#include <stdatomic.h>

typedef void (*FaultMeddle)(void);

typedef struct FaultVfs {
        atomic_int fail_writes; /* so many of the next writes fail with @write_code */
        atomic_int write_code;
        atomic_int fail_syncs; /* so many of the next syncs fail with SQLITE_IOERR_FSYNC */
        atomic_int fail_reads;
        atomic_int n_held; /* syncs that do not return */
        atomic_int n_syncs;
        _Atomic(FaultMeddle) meddle; /* called once, in the middle of the next write */
} FaultVfs;

extern FaultVfs fault_vfs;

/**
 * fault_vfs_install() - lay it under every database that is opened from now on
 */
void fault_vfs_install(void);

/**
 * fault_vfs_hold_syncs() - no sync returns from now on
 */
void fault_vfs_hold_syncs(void);

/**
 * fault_vfs_release_syncs() - those that were held go on, and others are not held any more
 */
void fault_vfs_release_syncs(void);
