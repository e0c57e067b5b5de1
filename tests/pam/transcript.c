/* SPDX-License-Identifier: MIT */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/pam/fatal.h"
#include "tests/pam/transcript.h"

#define NAMES_MAX 16

static struct {
        int fd;
        char *content;
        struct {
                const char *name;
                char *text;
        } names[NAMES_MAX];
        size_t n_names;
        char *shown[256]; /* what transcript_text() gave away */
        size_t n_shown;
} transcript = { .fd = -1 };

void transcript_open(void) {
        transcript.fd = memfd_create("transcript", MFD_CLOEXEC);
        if (transcript.fd < 0)
                fatal("memfd_create");
}

void transcript_line(const char *format, ...) {
        va_list arguments;
        char *line;
        int size;

        va_start(arguments, format);
        size = vasprintf(&line, format, arguments);
        va_end(arguments);
        if (size < 0)
                fatal("vasprintf");

        /* One write(): several processes share the offset. */
        line[size] = '\n';
        if (write(transcript.fd, line, (size_t)size + 1) != size + 1)
                fatal("write");
        free(line);
}

const char *transcript_read(void) {
        struct stat st;

        if (fstat(transcript.fd, &st) < 0)
                fatal("fstat");
        transcript.content = calloc(1, (size_t)st.st_size + 1);
        if (!transcript.content ||
                pread(transcript.fd, transcript.content, (size_t)st.st_size, 0) != st.st_size)
                fatal("pread");

        return transcript.content;
}

static const char *keep(char *text) {
        if (!text || transcript.n_shown == sizeof(transcript.shown) / sizeof(transcript.shown[0]))
                fatal("too many texts");

        transcript.shown[transcript.n_shown++] = text;
        return text;
}

static const char *name_of(const char *text, size_t size) {
        for (size_t i = 0; i < transcript.n_names; i++) {
                const char *named = transcript.names[i].text;

                if (strlen(named) == size && memcmp(named, text, size) == 0)
                        return transcript.names[i].name;
        }

        return NULL;
}

const char *transcript_text(const char *text, size_t size) {
        const char *name = name_of(text, size);
        char *shown = NULL, *end;

        if (name) {
                if (asprintf(&shown, "$%s", name) < 0)
                        fatal("asprintf");
                return keep(shown);
        }

        shown = calloc(4, size + 1);
        if (!shown)
                fatal("calloc");
        end = shown;
        for (size_t i = 0; i < size; i++) {
                unsigned char c = (unsigned char)text[i];

                end += snprintf(end, 5, c < 0x20 || c >= 0x7f ? "\\x%02x" : "%c", c);
        }
        return keep(shown);
}

void transcript_name(const char *name, char *text) {
        if (transcript.n_names == NAMES_MAX)
                fatal("too many names");

        transcript.names[transcript.n_names].name = name;
        transcript.names[transcript.n_names++].text = text;
}

const char *transcript_named(const char *name) {
        for (size_t i = 0; i < transcript.n_names; i++)
                if (strcmp(transcript.names[i].name, name) == 0)
                        return transcript.names[i].text;

        return NULL;
}

void transcript_forget_names(void) {
        while (transcript.n_names > 0)
                free(transcript.names[--transcript.n_names].text);

        transcript_name("TOKEN", strdup("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"));
        transcript_name("HANDLE", strdup("AAECAwQFBgcICQoLDA0ODw"));
        transcript_name("SID", strdup("EBESExQVFhcYGRobHB0eHw"));
}
