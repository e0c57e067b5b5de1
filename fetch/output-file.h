#pragma once
/* SPDX-License-Identifier: MIT */

#include "fetch/download.h"

/**
 * output_file_replace() - put a document in a file's place, as a whole
 * @path:       file; mode 0644
 * @document:   its new content
 * @ret_changed: 0: it was the same, and nothing was written
 * @message:    receives why not; DOWNLOAD_MESSAGE_MAX bytes
 *
 * Return: 0; -1, and the file is as it was.
 */
int output_file_replace(
        const char *path, const Document *document, int *ret_changed, char *message);
