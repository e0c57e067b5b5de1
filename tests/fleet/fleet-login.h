#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A login in the mocked logind of one host: a process that does on the daemon's socket what the module does, and then
 * stays, with the files by which the daemon finds its logind session.
 */

#include <stdbool.h>
#include <sys/types.h>

#define FLEET_UID 5 /* the owner of every session */

/* All borrowed. */
typedef struct FleetLogin {
        const char *directory; /* of the host */
        const char *id;        /* the logind session's */
        const char *user;
        const char *token;
        unsigned int host; /* its number */
        bool brief;        /* its process ends once it is in; the session goes on */
} FleetLogin;

/**
 * fleet_login_fork() - log in
 * @login:      the caller's until the process is there
 *
 * The process writes {"host": N, "opened": ID} to standard output, with "refused": REASON if it was refused, and then
 * ends or waits to be killed. Return: its id.
 */
pid_t fleet_login_fork(const FleetLogin *login);

/**
 * fleet_login_remove() - the logind session is gone
 * @directory:  of the host
 * @id:         of the session
 *
 * Its process, if it still lives, is killed. Return: 0; -ENOENT: there is none.
 */
int fleet_login_remove(const char *directory, const char *id);
