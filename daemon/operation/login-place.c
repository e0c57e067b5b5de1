/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/logind/logind.h"
#include "daemon/operation/context.h"
#include "daemon/operation/login-place.h"
#include "daemon/operation/login-subject.h"
#include "daemon/session/session.h"

/* True without a host: at the host itself. False: unknown, which must not count as the host
 * itself. */
static bool find_of_shell(const LoginSubject *subject, char **ret_rhost) {
        _cleanup_(freep) char *logind_id = NULL;
        uid_t owner;
        int r;

        r = logind_session_of(subject->pid, &logind_id, &owner);
        if (r >= 0 && logind_id)
                r = logind_session_remote_host(logind_id, ret_rhost);
        return r >= 0 || r == -ENODATA;
}

static void find_place(const LoginSubject *subject, LoginPlace *ret_place) {
        _cleanup_(freep) char *rhost = NULL;
        const char *said = subject->uid == 0 ? subject->rhost : NULL;

        ret_place->is_known = (said && *said) || find_of_shell(subject, &rhost);
        if (ret_place->is_known)
                ret_place->is_known = binding_place(rhost ? rhost : said, ret_place->text);
}

/* A login is checked several times, between other steps. */
static void tell(Context *context, const LoginSubject *subject, const Session *session,
        Reason reason, bool *is_told) {
        AuditRecord record = login_subject_audit(subject, AUDIT_BINDING, reason);

        record.sid = session->sid;
        if (!*is_told)
                audit(context, &record);
        *is_told = true;
}

Reason login_place_check(Context *context, const LoginSubject *subject, const Session *session,
        LoginPlace *place, bool *ret_first) {
        BindingVerdict verdict;

        *ret_first = false;
        if (binding_check_device(session, context->device_id) == BINDING_DIFFERS) {
                tell(context, subject, session, REASON_DEVICE_MISMATCH, &place->device_is_told);
                if (binding_device_mode(session) == BIND_DENY)
                        return REASON_DEVICE_MISMATCH;
        }
        /* It costs more than all of the rest. */
        if (binding_address_mode(session) == BIND_OFF)
                return REASON_OK;
        find_place(subject, place);
        verdict = binding_check_address(session, place->is_known ? place->text : NULL);
        if (verdict == BINDING_DIFFERS) {
                tell(context, subject, session, REASON_ADDRESS_MISMATCH, &place->address_is_told);
                return binding_address_mode(session) == BIND_DENY ? REASON_ADDRESS_MISMATCH
                                                                  : REASON_OK;
        }
        /* An ordinary user's question binds nothing. */
        *ret_first = verdict == BINDING_FIRST && subject->uid == 0;
        return REASON_OK;
}
