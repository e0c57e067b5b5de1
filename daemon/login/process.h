#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The identity of a process: a pid may belong to another process tomorrow, pid and start time
 * together may not.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct ProcessId {
        pid_t pid;
        uint64_t start_time; /* clock ticks since boot, field 22 of /proc/PID/stat */
} ProcessId;

/**
 * process_id_of() - identify a process that runs now
 * @pid:        its pid
 * @ret_id:     untouched on failure
 *
 * Return: 0; -ESRCH; other negative errno.
 */
int process_id_of(pid_t pid, ProcessId *ret_id);

/**
 * process_real_uid() - on whose behalf a process runs, whatever its rights
 * @pid:        its pid
 * @ret_uid:    untouched on failure
 *
 * A program like sudo is root by its effective uid; the real one is still the caller's.
 * Return: 0; -ESRCH; other negative errno.
 */
int process_real_uid(pid_t pid, uid_t *ret_uid);

/**
 * process_id_equal() - the same process
 * @a:          one
 * @b:          other
 */
bool process_id_equal(const ProcessId *a, const ProcessId *b);

/**
 * process_is_alive() - whether exactly this process still runs (a zombie does not)
 * @id:         identity
 */
bool process_is_alive(const ProcessId *id);

/**
 * process_watch() - a pidfd that becomes readable when the process ends
 * @id:         identity
 * @ret_fd:     owned by the caller
 *
 * Return: 0; -ESRCH if it is gone already; other negative errno.
 */
int process_watch(const ProcessId *id, int *ret_fd);

/**
 * process_boot_id() - this boot's id
 * @ret_id:     32 hexadecimal characters and NUL
 *
 * Return: 0; negative errno.
 */
int process_boot_id(char ret_id[33]);
