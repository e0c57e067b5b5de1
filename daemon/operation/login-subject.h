#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who logs in where: the part of a LoginRequest that a verb keeps while it waits. Never the token.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/operation/audit.h"

typedef struct LoginRequest LoginRequest;

/* Owned strings; NULL where nothing was given. */
typedef struct LoginSubject {
        pid_t pid;
        uid_t uid;
        bool has_asker; /* login_subject_find_asker() was called */
        uid_t real_uid; /* then: of the program that asks; LOGIN_UID_UNKNOWN if it is gone, or elsewhere */
        char *user, *service, *tty, *rhost, *ruser, *handle;
} LoginSubject;

/**
 * login_subject_copy() - keep the data of a request
 * @request:    borrowed
 * @ret_subject: zeroed before; cleared by the caller, also after a failure
 *
 * An ordinary peer's remote host is always "uid:N", which we know; its own value is ignored.
 * Return: 0; -ENOMEM.
 */
int login_subject_copy(const LoginRequest *request, LoginSubject *ret_subject);

/**
 * login_subject_find_asker() - learn from the kernel who has started a program of root's that asks
 * @subject:    its real_uid is set, once
 * @host:       this one's name
 *
 * To be called before waiting for anything: then the pid is the peer's own, or has not been reused yet.
 */
void login_subject_find_asker(LoginSubject *subject, const char *host);

/**
 * login_subject_clear() - free what it owns
 * @subject:    empty afterwards
 */
void login_subject_clear(LoginSubject *subject);

/**
 * login_subject_audit() - the beginning of a record for the journal
 * @subject:    borrowed by the record
 * @event:      what happened
 * @reason:     how it went
 */
AuditRecord login_subject_audit(const LoginSubject *subject, AuditEvent event, Reason reason);
