/* SPDX-License-Identifier: MIT */

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "tests/pam/fatal.h"
#include "tests/pam/scenario.h"
#include "tests/pam/transcript.h"

static void wrong(const char *line) {
        fprintf(stderr, "wrong line in a scenario: %s\n", line);
        exit(99);
}

static void list_add(ScenarioList *list, const char *line) {
        if (list->count == SCENARIO_LIST_MAX)
                wrong("too many lines of one kind");

        list->lines[list->count++] = line;
}

static unsigned long number(const char *text) {
        uint64_t value;

        if (text_parse_u64(text, UINT32_MAX, &value))
                wrong(text);

        return value;
}

/* One character, or an escape: \s blank, \t, \n, \\, \e a byte that is no UTF-8. */
static char character(const char **text) {
        const char *escapes = "s t\tn\n\\\\e\xe9";
        const char *found;

        if (**text != '\\')
                return *(*text)++;

        found = strchr(escapes, (*text)[1]);
        if (!found)
                wrong(*text);
        *text += 2;
        return found[1];
}

/* Pieces, put together without the blanks between them; C*N is a character N times. */
static char *compose(const char *text) {
        char *result = calloc(1, 65536), *end = result;

        if (!result)
                fatal("calloc");
        while (*text) {
                char c = character(&text);
                char *rest = (char *)(uintptr_t)text;
                unsigned long times = 1;

                if (c == ' ')
                        continue;
                if (text[0] == '*') {
                        times = strtoul(text + 1, &rest, 10);
                        text = rest;
                }
                if (times > (size_t)(result + 65535 - end))
                        wrong(text);
                memset(end, c, times);
                end += times;
        }

        return result;
}

/* $NAME, or the text itself. */
static const char *value(const char *text) {
        const char *named = text[0] == '$' ? transcript_named(text + 1) : text;

        if (!named)
                wrong(text);

        return named;
}

static void read_let(Scenario *scenario, char *line) {
        char *text = strchr(line, ' ');

        (void)scenario;
        if (!text)
                wrong(line);
        *text++ = '\0';
        transcript_name(line, compose(text));
}

static void read_options(Scenario *scenario, char *line) {
        scenario->options = line;
}

static void read_user(Scenario *scenario, char *line) {
        scenario->user = strcmp(line, "-") == 0 ? NULL : value(line);
}

static void read_service(Scenario *scenario, char *line) {
        scenario->service = line;
}

static void read_rhost(Scenario *scenario, char *line) {
        scenario->rhost = value(line);
}

static void read_tty(Scenario *scenario, char *line) {
        scenario->tty = value(line);
}

static void read_ruser(Scenario *scenario, char *line) {
        scenario->ruser = value(line);
}

static void read_authtok(Scenario *scenario, char *line) {
        scenario->authtok = value(line);
}

static void read_answer(Scenario *scenario, char *line) {
        list_add(&scenario->answers, value(line));
}

static void read_daemon(Scenario *scenario, char *line) {
        list_add(&scenario->behaviour, line);
}

static void read_path(Scenario *scenario, char *line) {
        scenario->needs_root = true;
        list_add(&scenario->path, line);
}

static void read_do(Scenario *scenario, char *line) {
        list_add(&scenario->steps, line);
}

static void read_silent(Scenario *scenario, char *line) {
        (void)line;
        scenario->flags |= PAM_SILENT;
}

static void read_as(Scenario *scenario, char *line) {
        scenario->needs_root = true;
        scenario->uid = (uid_t)number(line);
}

/* Whatever stands here may stand in the upper half of a scenario. */
static const struct {
        const char *word;
        void (*read)(Scenario *scenario, char *line);
} commands[] = {
        { "let", read_let },         /* NAME PIECES: text that the transcript shows as $NAME */
        { "options", read_options }, /* of the module */
        { "user", read_user },       /* PAM_USER at the begin, or - */
        { "service", read_service }, { "rhost", read_rhost }, { "tty", read_tty },
        { "ruser", read_ruser }, { "authtok", read_authtok },
        { "answer", read_answer }, /* TEXT, or <empty>, <null>, <fail>, <again> */
        { "daemon", read_daemon }, /* see fake-daemon.c */
        { "path", read_path },     /* see fake-daemon.c */
        { "silent", read_silent }, { "as", read_as }, /* UID */
        { "do", read_do },                            /* see application.c */
};

static void command_read(Scenario *scenario, char *line) {
        char *rest = strchr(line, ' ');

        if (rest)
                *rest++ = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                if (strcmp(commands[i].word, line) == 0) {
                        commands[i].read(scenario, rest ? rest : line + strlen(line));
                        return;
                }

        wrong(line);
}

/* Cuts the text at the end of the line; NULL at the end of the text. */
static char *next_line(char **cursor) {
        char *line = *cursor, *end;

        if (!line || *line == '\0')
                return NULL;

        end = strchr(line, '\n');
        if (!end)
                wrong("the last line has no end");
        *end = '\0';
        *cursor = end + 1;
        return line;
}

bool scenario_parse(char **cursor, Scenario *ret_scenario) {
        Scenario scenario = {
                .options = "",
                .user = "alice",
                .service = "test",
                .uid = geteuid(),
        };
        char *line, *end;

        do {
                line = next_line(cursor);
                if (!line)
                        return false;
        } while (line[0] == '\0' || line[0] == '#');
        if (strncmp(line, "== ", 3) != 0)
                wrong(line);
        scenario.name = line + 3;
        transcript_forget_names();

        for (line = next_line(cursor); line && strcmp(line, "--") != 0; line = next_line(cursor))
                if (line[0] != '\0' && line[0] != '#')
                        command_read(&scenario, line);
        if (!line)
                wrong(scenario.name);

        scenario.expected = *cursor;
        end = strncmp(*cursor, "\n", 1) == 0 ? *cursor : strstr(*cursor, "\n\n");
        if (end) {
                *cursor = end + (end == scenario.expected ? 1 : 2);
                end[end == scenario.expected ? 0 : 1] = '\0';
        } else {
                *cursor += strlen(*cursor);
        }

        *ret_scenario = scenario;
        return true;
}
