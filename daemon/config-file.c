/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/config-file.h"

#define SECTION_NAME_MAX 300u

typedef struct Reader {
        const ConfigText *text;
        const ConfigFileHandler *handler;
        ConfigFault *fault;
        ConfigPlace place;
        size_t offset;
        int r; /* the first failure; nothing is read after it */
} Reader;

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static int check_characters(Reader *reader, const char *line, size_t size) {
        if (reader->place.line == 1 && size >= 3 && !memcmp(line, "\xef\xbb\xbf", 3))
                return config_fault(reader->fault, &reader->place,
                        "the file begins with a byte order mark; save it as plain UTF-8");
        if (!text_is_utf8(line, size))
                return config_fault(
                        reader->fault, &reader->place, "the line is not UTF-8 or holds a NUL byte");
        /* A tab is a control character, too, but one that people align values with. */
        for (size_t i = 0, part; i < size; i += part + 1) {
                const char *tab = memchr(line + i, '\t', size - i);

                part = tab ? (size_t)(tab - line) - i : size - i;
                if (text_has_control(line + i, part))
                        return config_fault(reader->fault, &reader->place,
                                "the line holds a control character");
        }
        return 0;
}

static bool is_comment(const char *line, size_t size) {
        return size > 0 && (*line == ';' || *line == '#');
}

static int check_line(Reader *reader, const char *line, size_t size, size_t size_max) {
        size_t blanks = 0;

        while (blanks < size && is_blank(line[blanks]))
                blanks++;
        if (size > size_max && !is_comment(line + blanks, size - blanks))
                return config_fault(reader->fault, &reader->place,
                        "the line is too long; at most %zu bytes are allowed", size_max);
        if (blanks > 0 && blanks < size && !is_comment(line + blanks, size - blanks))
                return config_fault(reader->fault, &reader->place,
                        "the line begins with white space; values of several lines are not "
                        "allowed");
        return check_characters(reader, line, size);
}

/* A quoted name may hold a bracket, as an address of IPv6 does. */
static const char *find_section_end(const char *line) {
        size_t size = strcspn(line, "\"]");
        const char *quote = line[size] == '"' ? strchr(line + size + 1, '"') : NULL;

        return strchr(quote ? quote : line, ']');
}

/* libinih tells of a section only with its first key, cuts a long name, and ignores what stands behind the
 * ']'. */
static int announce_section(Reader *reader, const char *line) {
        const char *end = find_section_end(line);
        char name[SECTION_NAME_MAX + 1];
        const char *behind;
        size_t size;

        if (!end)
                return config_fault(
                        reader->fault, &reader->place, "the section's name has no ']' behind it");
        for (behind = end + 1; is_blank(*behind); behind++)
                ;
        if (*behind && !strchr(";#", *behind))
                return config_fault(reader->fault, &reader->place,
                        "something stands behind the section's name; it needs a line of its own");
        size = (size_t)(end - line - 1);
        if (size > SECTION_NAME_MAX)
                return config_fault(
                        reader->fault, &reader->place, "the section's name is too long");
        memcpy(name, line + 1, size);
        name[size] = '\0';
        return reader->handler->on_section(name, &reader->place, reader->handler->userdata);
}

static char *read_line(char *buffer, int size, void *userdata) {
        Reader *reader = userdata;
        const char *line = reader->text->text + reader->offset;
        size_t left = reader->text->size - reader->offset, line_size;
        const char *end;

        if (reader->r || left == 0 || size < 4)
                return NULL;
        end = memchr(line, '\n', left);
        line_size = end ? (size_t)(end - line) : left;
        reader->offset += line_size + !!end;
        reader->place.line++;
        if (line_size > 0 && line[line_size - 1] == '\r')
                line_size--;
        reader->r = check_line(reader, line, line_size, (size_t)size - 3);
        if (reader->r)
                return NULL;
        if (line_size > (size_t)size - 3)
                line_size = 0; /* a comment, which libinih need not see */
        memcpy(buffer, line, line_size);
        buffer[line_size] = '\0';
        if (buffer[0] == '[')
                reader->r = announce_section(reader, buffer);
        return reader->r ? NULL : buffer;
}

/* libinih wants 1 for "go on" and 0 for "wrong". */
static int take_value(void *userdata, const char *section, const char *key, const char *value) {
        Reader *reader = userdata;

        (void)section;
        if (reader->r == 0)
                reader->r = reader->handler->on_value(
                        &reader->place, key, value, reader->handler->userdata);
        return reader->r == 0;
}

int config_file_parse(
        const ConfigText *text, const ConfigFileHandler *handler, ConfigFault *fault) {
        Reader reader = {
                .text = text,
                .handler = handler,
                .fault = fault,
                .place = { .file = text->name },
        };
        int line;

        line = ini_parse_stream(read_line, &reader, take_value, &reader);
        if (line < 0)
                return config_fault_errno(fault, &(ConfigPlace){ text->name, 0 }, -ENOMEM);
        /* libinih reads on after a line it does not understand, so that a later fault may have come in
         * between; the first one is what the administrator has to look at. */
        if (line > 0 && (reader.r == 0 || (unsigned int)line < reader.place.line))
                return config_fault(fault, &(ConfigPlace){ text->name, (unsigned int)line },
                        "neither [SECTION], KEY=VALUE nor a comment");
        return reader.r;
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
