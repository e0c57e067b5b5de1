#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A short text that outlives the daemon, in files beside the store. A thread writes it, since a disk may be
 * slow; the last text that was set is kept.
 */

#include <stddef.h>

#include "common/cleanup.h"

typedef struct KeptText KeptText;

#define KEPT_TEXT_MAX   255u
#define KEPT_TEXT_FILES 2u

/**
 * kept_text_new() - keep a text
 * @paths:      files, written in this order; copied
 * @ret_kept:   owned by the caller
 *
 * The thread starts with the first text. Return: 0; -ENOMEM.
 */
int kept_text_new(const char *const paths[KEPT_TEXT_FILES], KeptText **ret_kept);

/**
 * kept_text_free() - write what was set last, and stop
 * @kept:       NULL is fine
 *
 * Return: NULL.
 */
KeptText *kept_text_free(KeptText *kept);
DEFINE_CLEANUP(KeptText, kept_text_free)

/**
 * kept_text_read() - read one of the files; at start only
 * @path:       file
 * @text:       receives what is in it, without its line end
 *
 * Return: 0; -ENOENT; -EBADMSG too long, or not text; other negative errno.
 */
int kept_text_read(const char *path, char text[KEPT_TEXT_MAX + 1]);

/**
 * kept_text_set() - keep another text from now on
 * @kept:       any
 * @text:       at most KEPT_TEXT_MAX bytes; copied
 *
 * Each file is replaced as a whole, and synced. Return: 0; negative errno: there is no thread.
 */
int kept_text_set(KeptText *kept, const char *text);

/**
 * kept_text_error() - whether the last text could not be written
 * @kept:       any
 *
 * Return: 0; negative errno of a file.
 */
int kept_text_error(KeptText *kept);
