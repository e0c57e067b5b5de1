/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "common/cleanup.h"
#include "daemon/logind/logind.h"
#include "daemon/operation/context.h"
#include "daemon/operation/login-place.h"
#include "daemon/operation/login-subject.h"
#include "daemon/session/session.h"

static void find_of_shell(const LoginSubject *subject, char **ret_rhost) {
        _cleanup_(freep) char *logind_id = NULL;
        uid_t owner;

        (void)logind_session_of(subject->pid, &logind_id, &owner);
        if (logind_id)
                (void)logind_session_remote_host(logind_id, ret_rhost);
}

static void find_place(const LoginSubject *subject, LoginPlace *ret_place) {
        _cleanup_(freep) char *rhost = NULL;
        const char *said = subject->uid == 0 ? subject->rhost : NULL;

        if (!said || !*said)
                find_of_shell(subject, &rhost);
        ret_place->is_known = binding_place(rhost ? rhost : said, ret_place->text);
}

static Reason judge(Context *context, const LoginSubject *subject, const Session *session,
        BindMode mode, Reason reason) {
        AuditRecord record = login_subject_audit(subject, AUDIT_BINDING, reason);

        record.sid = session->sid;
        audit(context, &record);
        return mode == BIND_DENY ? reason : REASON_OK;
}

Reason login_place_check(Context *context, const LoginSubject *subject, const Session *session,
        LoginPlace *ret_place, bool *ret_first) {
        BindingVerdict verdict;
        Reason reason = REASON_OK;

        *ret_first = false;
        if (binding_check_device(session, context->device_id) == BINDING_DIFFERS)
                reason = judge(context, subject, session, binding_device_mode(session),
                        REASON_DEVICE_MISMATCH);
        if (reason != REASON_OK)
                return reason;
        /* It costs more than all of the rest. */
        if (binding_address_mode(session) == BIND_OFF)
                return REASON_OK;
        find_place(subject, ret_place);
        verdict = binding_check_address(session, ret_place->is_known ? ret_place->text : NULL);
        if (verdict == BINDING_DIFFERS)
                return judge(context, subject, session, binding_address_mode(session),
                        REASON_ADDRESS_MISMATCH);
        /* An ordinary user's question binds nothing. */
        *ret_first = verdict == BINDING_FIRST && subject->uid == 0;
        return REASON_OK;
}
