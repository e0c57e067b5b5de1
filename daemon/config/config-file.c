/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/config/config-file.h"

#define BLANKS " \t"

typedef struct Reader {
        const ConfigFileHandler *handler;
        ConfigFault *fault;
        ConfigPlace place;
} Reader;

static int check_characters(const Reader *reader, const char *line, size_t size) {
        if (reader->place.line == 1 && size >= 3 && !memcmp(line, "\xef\xbb\xbf", 3))
                return config_fault(reader->fault, &reader->place,
                        "the file begins with a byte order mark; save it as plain UTF-8");
        if (!text_is_utf8(line, size))
                return config_fault(
                        reader->fault, &reader->place, "the line is not UTF-8 or holds a NUL byte");
        /* A tab is a control character, too, but people align values with it. */
        for (size_t i = 0, part; i < size; i += part + 1) {
                const char *tab = memchr(line + i, '\t', size - i);

                part = tab ? (size_t)(tab - line) - i : size - i;
                if (text_has_control(line + i, part))
                        return config_fault(reader->fault, &reader->place,
                                "the line holds a control character");
        }
        return 0;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

/* Whether only a comment follows. */
static bool is_over(const char *text) {
        text += strspn(text, BLANKS);
        return !*text || *text == ';' || *text == '#';
}

static char *strip(char *text) {
        char *end = text + strlen(text);

        while (end > text && is_blank(end[-1]))
                end--;
        *end = '\0';
        return text + strspn(text, BLANKS);
}

/* A quoted name may hold a bracket, as an address of IPv6 does. */
static char *find_section_end(const char *line) {
        size_t size = strcspn(line, "\"]");
        const char *quote = line[size] == '"' ? strchr(line + size + 1, '"') : NULL;

        return strchr(quote ? quote : line, ']');
}

static int take_section(const Reader *reader, char *line) {
        char *end = find_section_end(line);

        if (!end)
                return config_fault(
                        reader->fault, &reader->place, "the section's name has no ']' behind it");
        if (!is_over(end + 1))
                return config_fault(reader->fault, &reader->place,
                        "something stands behind the section's name; it needs a line of its own");
        *end = '\0';
        return reader->handler->on_section(line + 1, &reader->place, reader->handler->userdata);
}

/* A comment after a value needs a blank before it, as the value may contain a semicolon. */
static void cut_comment(char *text) {
        for (char *mark = strchr(text, ';'); mark; mark = strchr(mark + 1, ';'))
                if (mark > text && is_blank(mark[-1])) {
                        *mark = '\0';
                        return;
                }
}

static int take_value(const Reader *reader, char *line) {
        char *value = strchr(line, '=');

        if (!value)
                return config_fault(reader->fault, &reader->place,
                        "neither [SECTION], KEY=VALUE nor a comment");
        *value++ = '\0';
        cut_comment(value);
        return reader->handler->on_value(
                &reader->place, strip(line), strip(value), reader->handler->userdata);
}

static int take_line(const Reader *reader, const char *text, size_t size) {
        _cleanup_(freep) char *line = NULL;
        int r;

        r = check_characters(reader, text, size);
        if (r)
                return r;
        line = strndup(text, size);
        if (!line)
                return config_fault_errno(reader->fault, &reader->place, -ENOMEM);
        if (is_over(line))
                return 0;
        if (is_blank(*line))
                return config_fault(reader->fault, &reader->place,
                        "the line begins with white space; values of several lines are not "
                        "allowed");
        return *line == '[' ? take_section(reader, line) : take_value(reader, line);
}

int config_file_parse(
        const ConfigText *text, const ConfigFileHandler *handler, ConfigFault *fault) {
        Reader reader = { .handler = handler, .fault = fault, .place = { .file = text->name } };
        int r = 0;

        for (size_t offset = 0, size; offset < text->size && r == 0; offset += size + 1) {
                const char *line = text->text + offset, *end;
                size_t left = text->size - offset;

                end = memchr(line, '\n', left);
                size = end ? (size_t)(end - line) : left;
                reader.place.line++;
                r = take_line(&reader, line, size - (size > 0 && line[size - 1] == '\r'));
        }
        return r;
}

static int open_regular(const char *path, ConfigFault *fault, int *ret_fd) {
        const ConfigPlace place = { .file = path };
        _cleanup_(closep) int fd = -1;
        struct stat st;

        /* Non-blocking, or opening a FIFO would wait for its writer. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 && errno == ENOENT)
                return -ENOENT;
        if (fd < 0 || fstat(fd, &st) < 0)
                return config_fault_errno(fault, &place, -errno);
        if (!S_ISREG(st.st_mode))
                return config_fault(fault, &place, "not a regular file");
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int config_file_read(const char *path, ConfigFault *fault, char **ret_data, size_t *ret_size) {
        const ConfigPlace place = { .file = path };
        _cleanup_(freep) char *data = NULL;
        _cleanup_(closep) int fd = -1;
        size_t size = 0;
        ssize_t n;
        int r;

        r = open_regular(path, fault, &fd);
        if (r)
                return r;
        data = malloc(CONFIG_FILE_MAX + 1);
        if (!data)
                return config_fault_errno(fault, &place, -ENOMEM);
        do {
                n = read(fd, data + size, CONFIG_FILE_MAX + 1 - size);
                if (n < 0)
                        return config_fault_errno(fault, &place, -errno);
                size += (size_t)n;
        } while (n > 0 && size <= CONFIG_FILE_MAX);
        if (size > CONFIG_FILE_MAX)
                return config_fault(fault, &place,
                        "the file is too large; at most %u bytes are allowed", CONFIG_FILE_MAX);
        *ret_data = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}
