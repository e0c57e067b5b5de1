/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/operation/context.h"
#include "daemon/operation/touch.h"
#include "daemon/operation/user-queue.h"
#include "daemon/policy/policy.h"
#include "daemon/session/user-state.h"

static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        Session *session = user_state_find(state, userdata);

        if (session)
                *ret_changed = policy_touch(session, now_sec);
        return REASON_OK;
}

static void on_done(Reason reason, const UserState *state, void *userdata) {
        (void)reason;
        (void)state;
        free(userdata);
}

void touch_session(Context *context, const char *user, const char *sid) {
        UserChange change = {
                .decide = decide,
                .done = on_done,
                .forget = free,
                .userdata = strdup(sid),
        };

        if (change.userdata &&
                user_queue_change(context->queue, context->config->tenant, user, &change) < 0)
                free(change.userdata);
}
