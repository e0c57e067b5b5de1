/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/session/session-logins.h"
#include "daemon/session/session.h"

#define UNKNOWN "-"

void session_login_word(const char *text, char word[SESSION_LOGIN_WORD_MAX + 1]) {
        size_t size = text ? strnlen(text, SESSION_LOGIN_WORD_MAX) : 0;

        for (size_t i = 0; i < size; i++)
                word[i] = (char)(text[i] > ' ' && text[i] < 0x7f ? text[i] : '_');
        word[size] = '\0';
}

static bool take_word(const char **at, char end, char word[SESSION_LOGIN_WORD_MAX + 1]) {
        size_t size = strcspn(*at, " \n");

        if (size == 0 || size > SESSION_LOGIN_WORD_MAX || (*at)[size] != end)
                return false;
        memcpy(word, *at, size);
        word[size] = '\0';
        if (!strcmp(word, UNKNOWN))
                *word = '\0';
        *at += size + 1;
        return true;
}

bool session_logins_next(const char **at, SessionLogin *ret_login) {
        char opened[SESSION_LOGIN_WORD_MAX + 1];
        SessionLogin login;
        const char *line = *at;

        if (!line || !take_word(&line, ' ', login.host) || !take_word(&line, ' ', login.service) ||
                !take_word(&line, ' ', login.tty) || !take_word(&line, ' ', login.rhost) ||
                !take_word(&line, '\n', opened) ||
                text_parse_u64(opened, SESSION_NUMBER_MAX, &login.opened_at_sec))
                return false;
        *ret_login = login;
        *at = line;
        return true;
}

static const char *word_of(const char *text) {
        return *text ? text : UNKNOWN;
}

static void write_line(FILE *file, const SessionLogin *login) {
        fprintf(file, "%s %s %s %s %" PRIu64 "\n", word_of(login->host), word_of(login->service),
                word_of(login->tty), word_of(login->rhost), login->opened_at_sec);
}

static void write_lines(FILE *file, const Session *session, const char *host,
        const SessionLogin *logins, size_t n_logins) {
        const char *at = session->logins;
        size_t n_lines = 0, first = 0;
        SessionLogin login;

        while (session_logins_next(&at, &login))
                if (strcmp(login.host, host) != 0 && n_lines++ < SESSION_LOGINS_MAX)
                        write_line(file, &login);
        if (n_logins > SESSION_LOGINS_HOST_MAX)
                first = n_logins - SESSION_LOGINS_HOST_MAX;
        for (size_t i = first; i < n_logins && n_lines < SESSION_LOGINS_MAX; i++, n_lines++)
                write_line(file, &logins[i]);
}

int session_logins_replace(
        Session *session, const char *host, const SessionLogin *logins, size_t n_logins) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;
        FILE *file;

        if (!session->logins && n_logins == 0)
                return 0;
        file = open_memstream(&text, &size);
        if (!file)
                return -ENOMEM;
        write_lines(file, session, host, logins, n_logins);
        if (fclose(file) != 0)
                return -ENOMEM;
        if (session->logins && !strcmp(session->logins, text))
                return 0;
        free(session->logins);
        session->logins = *text ? TAKE_PTR(text) : NULL;
        return 1;
}
