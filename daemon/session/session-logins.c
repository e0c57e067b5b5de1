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

static size_t count_others(const Session *session, const char *host) {
        const char *at = session->logins;
        SessionLogin login;
        size_t n = 0;

        while (session_logins_next(&at, &login))
                n += strcmp(login.host, host) != 0;
        return n;
}

static void write_own(FILE *file, const SessionLogin *logins, size_t n_logins, size_t room) {
        if (room > SESSION_LOGINS_HOST_MAX)
                room = SESSION_LOGINS_HOST_MAX;
        for (size_t i = n_logins > room ? n_logins - room : 0; i < n_logins; i++)
                write_line(file, &logins[i]);
}

/* A host's lines stay where they are: were they moved, then each host would find the list changed that
 * another one has just written, and write it again, for ever. */
static void write_lines(FILE *file, const Session *session, const char *host,
        const SessionLogin *logins, size_t n_logins) {
        size_t n_others = count_others(session, host), n_written = 0;
        size_t room = n_others < SESSION_LOGINS_MAX ? SESSION_LOGINS_MAX - n_others : 0;
        const char *at = session->logins;
        bool is_written = false;
        SessionLogin login;

        while (session_logins_next(&at, &login)) {
                if (!strcmp(login.host, host)) {
                        write_own(file, logins, is_written ? 0 : n_logins, room);
                        is_written = true;
                } else if (n_written++ < SESSION_LOGINS_MAX) {
                        write_line(file, &login);
                }
        }
        if (!is_written)
                write_own(file, logins, n_logins, room);
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
