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

#define UNKNOWN       "-"
#define HOST_IDS_SIZE ((size_t)SESSION_HOST_MACHINE_SIZE + SESSION_HOST_BOOT_SIZE)
#define HOST_TEXT_MAX (SESSION_LOGIN_WORD_MAX + 1 + HOST_IDS_SIZE)

void session_login_word(const char *text, char word[SESSION_LOGIN_WORD_MAX + 1]) {
        size_t size = text ? strnlen(text, SESSION_LOGIN_WORD_MAX) : 0;

        for (size_t i = 0; i < size; i++)
                word[i] = (char)(text[i] > ' ' && text[i] < 0x7f ? text[i] : '_');
        word[size] = '\0';
}

void session_host_set(SessionHost *host, const char *name, const char *machine, const char *boot) {
        *host = (SessionHost){ 0 };
        session_login_word(name, host->name);
        if (strlen(machine) < SESSION_HOST_MACHINE_SIZE || strlen(boot) < SESSION_HOST_BOOT_SIZE)
                return;
        memcpy(host->machine, machine, SESSION_HOST_MACHINE_SIZE);
        memcpy(host->boot, boot, SESSION_HOST_BOOT_SIZE);
}

/* A line without a machine was written by an older version. */
bool session_host_owns(const SessionHost *host, const SessionHost *line) {
        return !strcmp(host->name, line->name) &&
               (!*line->machine || !strcmp(host->machine, line->machine));
}

static bool take_text(const char **at, char end, char *text, size_t size_max) {
        size_t size = strcspn(*at, " \n");

        if (size == 0 || size > size_max || (*at)[size] != end)
                return false;
        memcpy(text, *at, size);
        text[size] = '\0';
        *at += size + 1;
        return true;
}

static bool take_word(const char **at, char end, char word[SESSION_LOGIN_WORD_MAX + 1]) {
        if (!take_text(at, end, word, SESSION_LOGIN_WORD_MAX))
                return false;
        if (!strcmp(word, UNKNOWN))
                *word = '\0';
        return true;
}

static bool take_host(const char **at, SessionHost *host) {
        char text[HOST_TEXT_MAX + 1], *ids;
        size_t name_size;

        if (!take_text(at, ' ', text, HOST_TEXT_MAX))
                return false;
        ids = strrchr(text, '/');
        if (!ids || strlen(ids + 1) != HOST_IDS_SIZE ||
                strspn(ids + 1, "0123456789abcdef") != HOST_IDS_SIZE)
                ids = NULL;
        name_size = ids ? (size_t)(ids - text) : strlen(text);
        if (name_size > SESSION_LOGIN_WORD_MAX)
                return false;
        *host = (SessionHost){ 0 };
        if (ids) {
                memcpy(host->machine, ids + 1, SESSION_HOST_MACHINE_SIZE);
                memcpy(host->boot, ids + 1 + SESSION_HOST_MACHINE_SIZE, SESSION_HOST_BOOT_SIZE);
        }
        text[name_size] = '\0';
        if (strcmp(text, UNKNOWN) != 0)
                memcpy(host->name, text, name_size);
        return true;
}

bool session_logins_next(const char **at, SessionLogin *ret_login) {
        char opened[SESSION_LOGIN_WORD_MAX + 1];
        SessionLogin login;
        const char *line = *at;

        if (!line || !take_host(&line, &login.host) || !take_word(&line, ' ', login.service) ||
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
        const SessionHost *host = &login->host;

        fprintf(file, "%s%s%s%s %s %s %s %" PRIu64 "\n", word_of(host->name),
                *host->machine ? "/" : "", host->machine, host->boot, word_of(login->service),
                word_of(login->tty), word_of(login->rhost), login->opened_at_sec);
}

static size_t count_others(const Session *session, const SessionHost *host) {
        const char *at = session->logins;
        SessionLogin login;
        size_t n = 0;

        while (session_logins_next(&at, &login))
                n += !session_host_owns(host, &login.host);
        return n;
}

static void write_own(FILE *file, const SessionLogin *logins, size_t n_logins, size_t room) {
        if (room > SESSION_LOGINS_HOST_MAX)
                room = SESSION_LOGINS_HOST_MAX;
        for (size_t i = n_logins > room ? n_logins - room : 0; i < n_logins; i++)
                write_line(file, &logins[i]);
}

/* A host's lines keep their place in the list. If they moved, each host would find the list changed
 * that another one had just written, and write it again, for ever. */
static void write_lines(FILE *file, const Session *session, const SessionHost *host,
        const SessionLogin *logins, size_t n_logins) {
        size_t n_others = count_others(session, host), n_written = 0;
        size_t room = n_others < SESSION_LOGINS_MAX ? SESSION_LOGINS_MAX - n_others : 0;
        const char *at = session->logins;
        bool is_written = false;
        SessionLogin login;

        while (session_logins_next(&at, &login)) {
                if (session_host_owns(host, &login.host)) {
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
        Session *session, const SessionHost *host, const SessionLogin *logins, size_t n_logins) {
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
        session_set_text(session, &session->logins, *text ? TAKE_PTR(text) : NULL);
        return 1;
}
