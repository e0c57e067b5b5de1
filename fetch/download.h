#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One document over HTTPS: bounded in size and time, from the place that was named and no other.
 */

#include <stddef.h>

#include "common/cleanup.h"

#define DOWNLOAD_SIZE_MAX    262144u
#define DOWNLOAD_MESSAGE_MAX 512u

typedef struct Download {
        const char *url;
        const char *ca_file;        /* NULL: the system's certificates */
        unsigned long timeout_msec; /* of all of it */
} Download;

typedef struct Document {
        char *text; /* owned, ends with NUL; may hold others */
        size_t size;
} Document;

/**
 * document_clear() - free a document
 * @document:   empty afterwards
 */
void document_clear(Document *document);

/**
 * download_run() - fetch a document
 * @download:   borrowed
 * @ret_document: to be cleared by the caller, on failure too
 * @message:    receives why not; DOWNLOAD_MESSAGE_MAX bytes
 *
 * https: only, TLS 1.2 at least, no redirect is followed, and the answer must be 200.
 * Return: 0; -1 with @message set.
 */
int download_run(const Download *download, Document *ret_document, char *message);
