#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A directory of small files that are written whole or not at all.
 */

#include <stddef.h>

#include "common/cleanup.h"

#define RECORD_NAME_MAX 64u
#define RECORD_SIZE_MAX 32768u

/* Called for each file; its name and text are borrowed. */
typedef void (*RecordVisitor)(const char *name, const char *text, size_t size, void *userdata);

/**
 * record_directory_open() - open a directory, made 0700 if it is missing
 * @path:       absolute
 * @ret_fd:     owned by the caller
 *
 * Return: 0; -EPERM it is not ours alone; other negative errno.
 */
int record_directory_open(const char *path, int *ret_fd);

/**
 * record_directory_write() - replace a file atomically
 * @fd:         directory
 * @name:       plain file name, at most RECORD_NAME_MAX
 * @text:       NUL-terminated
 *
 * Return: 0; -E2BIG above RECORD_SIZE_MAX; other negative errno. Then the old file is as it was.
 */
int record_directory_write(int fd, const char *name, const char *text);

/**
 * record_directory_remove() - remove a file; one that is not there is fine
 * @fd:         directory
 * @name:       plain file name
 */
void record_directory_remove(int fd, const char *name);

/**
 * record_directory_read_all() - visit every file
 * @fd:         directory
 * @visitor:    may remove the file it is shown
 * @userdata:   for @visitor
 *
 * Removes everything but regular files of a possible size, and files that a crash left half written.
 * A file that cannot be read just now stays. Return: 0; negative errno.
 */
int record_directory_read_all(int fd, RecordVisitor visitor, void *userdata);
