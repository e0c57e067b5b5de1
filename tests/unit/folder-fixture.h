#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A temporary folder of a test, and files in it.
 */

/**
 * fixture_folder() - a new temporary folder, mode 0700
 *
 * Return: malloc'ed path; fixture_folder_free() removes it.
 */
char *fixture_folder(void);

/**
 * fixture_folder_free() - remove a folder with its files
 * @folder:     from fixture_folder()
 */
void fixture_folder_free(char *folder);

/**
 * fixture_write() - write a file
 * @folder:     where
 * @name:       file name
 * @content:    text
 * @mode:       of the file, whatever the umask is
 *
 * Return: malloc'ed path.
 */
char *fixture_write(const char *folder, const char *name, const char *content, unsigned mode);
