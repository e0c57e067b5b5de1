#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Requests to systemd-logind, asynchronously: end, lock or kill a session, and tell when one is gone.
 * Also which session a process is in: that is read from the kernel (the process's cgroup), so that a
 * hanging logind does not hang a login.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"

#define LOGIND_ID_MAX 63u

typedef struct Logind Logind;
typedef struct LogindCall LogindCall;

enum {
        LOGIND_E_GONE = 1, /* no such session (any more) */
        LOGIND_E_REFUSED,  /* polkit or logind said no */
        LOGIND_E_ABSENT,   /* no bus, no logind, or no answer in time */
};

typedef enum LogindAction {
        LOGIND_TERMINATE,
        LOGIND_LOCK,
        LOGIND_KILL, /* SIGKILL to all of the session's processes */
} LogindAction;

/* Borrowed for the call of logind_act(). */
typedef struct LogindOrder {
        LogindAction action;
        const char *session_id; /* logind's id */
        uint64_t timeout_usec;  /* for the answer */
} LogindOrder;

/* logind's data about a session. */
typedef struct LogindSession {
        pid_t leader;        /* 0: unknown */
        uint64_t begin_usec; /* by CLOCK_MONOTONIC; 0: unknown */
} LogindSession;

typedef void (*LogindDone)(LogindCall *call, int r, void *userdata);
typedef void (*LogindRemoved)(const char *session_id, void *userdata);

/**
 * logind_new() - watch logind's SessionRemoved signals
 * @event:      referenced
 * @removed:    called for each session that logind reports as removed; a hint that may be forged
 * @userdata:   for @removed
 * @ret_logind: owned by the caller
 *
 * Return: 0; negative errno.
 */
int logind_new(sd_event *event, LogindRemoved removed, void *userdata, Logind **ret_logind);

/**
 * logind_set_bus() - the bus connection to use from now on
 * @logind:     any
 * @bus:        referenced; NULL when there is none (calls then complete with LOGIND_E_ABSENT)
 *
 * Calls under way on the old connection complete with LOGIND_E_ABSENT. Return: 0; negative errno.
 */
int logind_set_bus(Logind *logind, sd_bus *bus);

/**
 * logind_free() - forget all calls without completing them
 * @logind:     NULL is fine
 *
 * Return: NULL.
 */
Logind *logind_free(Logind *logind);
DEFINE_CLEANUP(Logind, logind_free)

/**
 * logind_act() - end, lock or kill a session
 * @logind:     any
 * @order:      what to do, with which session
 * @done:       0 when logind has taken the order, or LOGIND_E_*; never called before this returns
 * @userdata:   for @done
 * @ret_call:   owned by the caller until @done is called; freeing it silences @done
 *
 * Return: 0 started (also without a bus: @done tells); -ENOMEM.
 */
int logind_act(Logind *logind, const LogindOrder *order, LogindDone done, void *userdata,
        LogindCall **ret_call);

/**
 * logind_call_free() - forget a call
 * @call:       NULL is fine
 *
 * Return: NULL.
 */
LogindCall *logind_call_free(LogindCall *call);
DEFINE_CLEANUP(LogindCall, logind_call_free)

/**
 * logind_session_of() - which logind session a process is in, from its cgroup
 * @pid:        a process whose existence the caller has pinned
 * @ret_session_id: owned by the caller; NULL when it is in none
 * @ret_owner:  uid of the session's (or user manager's) owner; (uid_t)-1 when in none
 *
 * Return: 0; -ESRCH, also for a pid of 0, which is a peer outside of our pid namespace; other negative
 * errno.
 */
int logind_session_of(pid_t pid, char **ret_session_id, uid_t *ret_owner);

/**
 * logind_session_exists() - whether logind still lists a session, from its state file
 * @session_id: NUL-terminated
 *
 * Reads /run/systemd/sessions/ID, which logind removes with the session; it does not wait for logind.
 */
bool logind_session_exists(const char *session_id);

/**
 * logind_session_read() - who opened a session, and when, from its state file
 * @session_id: NUL-terminated
 * @ret_session: untouched on failure
 *
 * Return: 0; -ENOENT no such session; other negative errno.
 */
int logind_session_read(const char *session_id, LogindSession *ret_session);

/**
 * logind_session_remote_host() - where a session was opened from
 * @session_id: NUL-terminated
 * @ret_host:   owned by the caller; untouched on failure
 *
 * Return: 0; -ENODATA it is a local one; other negative errno.
 */
int logind_session_remote_host(const char *session_id, char **ret_host);

/**
 * logind_session_is_graphical() - whether a session has a screen that can be locked
 * @session_id: NUL-terminated; an unknown one has none
 */
bool logind_session_is_graphical(const char *session_id);
