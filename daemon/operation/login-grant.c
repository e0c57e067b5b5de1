/* SPDX-License-Identifier: MIT */

#include <errno.h>

#include "common/cleanup.h"
#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/logind/logind.h"
#include "daemon/operation/context.h"
#include "daemon/operation/handle-table.h"
#include "daemon/operation/login-grant.h"
#include "daemon/operation/operation.h"

/* sudo authenticates nobody inside its timestamp window; then ACCOUNT finds here who opened it. */
static int remember_elevation(
        Context *context, const LoginSubject *subject, const LoginGrant *grant) {
        _cleanup_(freep) char *logind_id = NULL;
        uid_t owner;
        int r;

        if (!subject->ruser)
                return 0;
        r = logind_session_of(subject->pid, &logind_id, &owner);
        if (r < 0 && r != -ESRCH)
                return r;
        return login_registry_set_elevation(
                context->logins, &(Elevation){
                                         .tenant = context->config->tenant,
                                         .user = subject->user,
                                         .tty = subject->tty,
                                         .logind_id = logind_id,
                                         .sid = (char *)grant->sid,
                                         .made_at_sec = grant->authenticated_at_sec,
                                 });
}

int login_grant(Context *context, const LoginSubject *subject, const LoginGrant *grant,
        const char **ret_handle) {
        const Handle *handle;
        int r;

        r = handle_table_add(context->handles,
                &(HandleSubject){ grant->sid, subject->user, subject->service }, operation_up_sec(),
                &handle);
        if (r < 0)
                return r;
        /* If the token behind a timestamp were not recorded, the timestamp would outlast it. */
        r = remember_elevation(context, subject, grant);
        if (r < 0) {
                handle_table_remove(context->handles, handle->id);
                return r;
        }
        *ret_handle = handle->id;
        return 0;
}
