/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"
#include "daemon/login/process.h"
#include "daemon/operation/login-subject.h"
#include "daemon/operation/operation.h"
#include "daemon/policy/login-failure.h"

int login_subject_copy(const LoginRequest *request, LoginSubject *ret_subject) {
        const char *rhost = request->rhost;
        char peer[32];

        if (request->uid != 0) {
                snprintf(peer, sizeof(peer), "uid:%ju", (uintmax_t)request->uid);
                rhost = peer;
        }
        ret_subject->pid = request->pid;
        ret_subject->uid = request->uid;
        if (text_copy(request->user, &ret_subject->user) ||
                text_copy(request->service, &ret_subject->service) ||
                text_copy(request->tty, &ret_subject->tty) ||
                text_copy(rhost, &ret_subject->rhost) ||
                text_copy(request->ruser, &ret_subject->ruser) ||
                text_copy(request->handle, &ret_subject->handle))
                return -ENOMEM;
        return 0;
}

void login_subject_find_asker(LoginSubject *subject, const char *host) {
        if (subject->has_asker)
                return;
        subject->has_asker = true;
        subject->real_uid = LOGIN_UID_UNKNOWN;
        /* It stays unknown if it cannot be read. */
        if (subject->uid == 0 && login_failure_is_here(subject->rhost, host))
                (void)process_real_uid(subject->pid, &subject->real_uid);
}

void login_subject_clear(LoginSubject *subject) {
        free(subject->user);
        free(subject->service);
        free(subject->tty);
        free(subject->rhost);
        free(subject->ruser);
        free(subject->handle);
        *subject = (LoginSubject){};
}

AuditRecord login_subject_audit(const LoginSubject *subject, AuditEvent event, Reason reason) {
        return (AuditRecord){
                .event = event,
                .reason = reason,
                .user = subject->user,
                .service = subject->service,
                .tty = subject->tty,
                .rhost = subject->rhost,
                .pid = subject->pid,
                .uid = subject->uid,
        };
}
