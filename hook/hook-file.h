#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which files are hooks. Whoever can write one decides who logs in, so only root may write to the file,
 * its directory, and every directory above.
 */

#include <stddef.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/hook-message.h"

#define HOOK_FILES_MAX 64u

typedef enum HookFileVerdict {
        HOOK_FILE_RUN,
        HOOK_FILE_SKIP, /* not executable, or a directory */
        HOOK_FILE_LINK,
        HOOK_FILE_SPECIAL, /* a pipe, socket or device */
        HOOK_FILE_FOREIGN, /* owned by somebody else than root */
        HOOK_FILE_WRITABLE,
} HookFileVerdict;

/* Files of a directory, by name. */
typedef struct HookFiles {
        struct dirent **entries;
        size_t n_entries;
} HookFiles;

enum {
        HOOK_FILE_E_UNSAFE = 1,
        HOOK_FILE_E_TOO_MANY,
};

/**
 * hook_file_judge() - what to do with a file of the directory
 * @info:       of the file itself, not of where a link points
 *
 * An executable file that must not run is an error, and not just left out: the administrator relies on
 * it.
 */
HookFileVerdict hook_file_judge(const struct stat *info);

/**
 * hook_file_fault() - why a file must not run
 * @verdict:    none of HOOK_FILE_RUN and HOOK_FILE_SKIP
 */
const char *hook_file_fault(HookFileVerdict verdict);

/**
 * hook_directory_open() - open the directory of hooks if only root can write there
 * @path:       absolute
 * @ret_fd:     owned by the caller
 *
 * A sticky directory above it may be writable: others cannot replace root's files in it.
 * Return: 0; HOOK_FILE_E_UNSAFE; negative errno.
 */
int hook_directory_open(const char *path, int *ret_fd);

/**
 * hook_files_list() - names that can be hooks, in the order of their bytes
 * @directory_fd: from hook_directory_open()
 * @ret_files:  cleared by the caller
 *
 * Return: 0; HOOK_FILE_E_TOO_MANY; negative errno.
 */
int hook_files_list(int directory_fd, HookFiles *ret_files);

/**
 * hook_files_clear() - free what it owns
 * @files:      empty afterwards
 */
void hook_files_clear(HookFiles *files);
