#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which logins a session has open, on any host: a line each in Session.logins, of the words host, service,
 * terminal, remote host and time. Each host writes its own lines, as far as there is room; they are for people,
 * and for the question whether a session is still in use.
 *
 * Host is NAME or NAME/MACHINEBOOT. Many hosts may have one name ("localhost", or that of the image that they were cloned
 * from); the machine tells them apart. A host replaces all of its own lines, also those from before its boot; until then
 * the boot shows that these logins are over.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_LOGINS_MAX      16u /* of a session */
#define SESSION_LOGINS_HOST_MAX 4u  /* of them on one host: the newest */
#define SESSION_LOGIN_WORD_MAX  64u

typedef struct Session Session;

/* Hexadecimal, and short, since each line has them. */
#define SESSION_HOST_MACHINE_SIZE 8u
#define SESSION_HOST_BOOT_SIZE    6u

/* Machine and boot are both known, or both empty. */
typedef struct SessionHost {
        char name[SESSION_LOGIN_WORD_MAX + 1];
        char machine[SESSION_HOST_MACHINE_SIZE + 1], boot[SESSION_HOST_BOOT_SIZE + 1];
} SessionHost;

/* Empty where nothing is known. */
typedef struct SessionLogin {
        SessionHost host;
        char service[SESSION_LOGIN_WORD_MAX + 1];
        char tty[SESSION_LOGIN_WORD_MAX + 1], rhost[SESSION_LOGIN_WORD_MAX + 1];
        uint64_t opened_at_sec;
} SessionLogin;

/**
 * session_login_word() - a word as it can stand in a line
 * @text:       NULL is empty
 * @word:       receives it, cut; what is not visible ASCII becomes '_'
 */
void session_login_word(const char *text, char word[SESSION_LOGIN_WORD_MAX + 1]);

/**
 * session_host_set() - set the name of a host as lines have it
 * @host:       all of it is set
 * @name:       of the host
 * @machine:    hexadecimal, cut; shorter than it has to be: unknown
 * @boot:       likewise
 */
void session_host_set(SessionHost *host, const char *name, const char *machine, const char *boot);

/**
 * session_host_owns() - whether a line is a host's own, of whichever boot
 * @host:       this one
 * @line:       as it stands there
 */
bool session_host_owns(const SessionHost *host, const SessionHost *line);

/**
 * session_logins_replace() - write down what a host has open now
 * @session:    changes
 * @host:       its former lines are replaced
 * @logins:     the oldest first
 * @n_logins:   of @logins
 *
 * Return: 1 if something changed; 0; -ENOMEM.
 */
int session_logins_replace(
        Session *session, const SessionHost *host, const SessionLogin *logins, size_t n_logins);

/**
 * session_logins_next() - the logins, one after the other
 * @at:         Session.logins at first, or NULL; moves on
 * @ret_login:  receives one
 *
 * Return: true; false after the last one, or at a malformed line.
 */
bool session_logins_next(const char **at, SessionLogin *ret_login);
