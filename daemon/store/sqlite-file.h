#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The file of the SQLite store before SQLite opens it: its owner, and who else could write there.
 */

#include <stddef.h>

/**
 * sqlite_file_prepare() - make the file, or check the one that is there
 * @path:       of the file
 * @message:    why not, on STORE_E_REFUSED
 * @message_size: bytes of @message
 *
 * The directory belongs to us or to root and nobody else may write in it; the file is a regular one,
 * ours, without another name, and gets mode 0600. SQLite makes its other files with the same mode.
 * Return: 0; STORE_E_REFUSED.
 */
int sqlite_file_prepare(const char *path, char *message, size_t message_size);
