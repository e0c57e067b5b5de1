/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/operation/context.h"
#include "daemon/operation/deadline.h"
#include "daemon/operation/operation.h"
#include "daemon/operation/touch.h"
#include "daemon/operation/user-queue.h"
#include "daemon/policy/policy.h"
#include "daemon/session/user-state.h"

typedef struct Touch {
        Context *context;
        char sid[SID_SIZE + 1];
        uint64_t used_at_sec;
} Touch;

/* The time of the use counts, even if this change comes late. */
static Reason decide(UserState *state, uint64_t now_sec, bool *ret_changed, void *userdata) {
        const Touch *touch = userdata;
        const Session *session = user_state_find(state, touch->sid);
        Session *touched;

        (void)now_sec;
        if (!session || session_check(session, touch->used_at_sec) != REASON_OK ||
                !policy_touch_is_due(session, touch->used_at_sec))
                return REASON_OK;
        if (session_copy(session, &touched) < 0)
                return REASON_INTERNAL;
        *ret_changed = policy_touch(touched, touch->used_at_sec);
        user_state_put(state, touched);
        return REASON_OK;
}

static void on_done(Reason reason, const UserState *state, void *userdata) {
        Touch *touch = userdata;

        if (reason == REASON_OK)
                deadline_timer_note(touch->context->deadlines, state);
        free(touch);
}

void touch_session(Context *context, const char *user, const Session *session) {
        uint64_t now_sec = operation_now_sec();
        UserChange change = { .decide = decide, .done = on_done, .forget = free };
        Touch *touch;

        if (!policy_touch_is_due(session, now_sec))
                return;
        touch = calloc(1, sizeof(*touch));
        if (!touch)
                return;
        *touch = (Touch){ .context = context, .used_at_sec = now_sec };
        memcpy(touch->sid, session->sid, sizeof(touch->sid));
        change.userdata = touch;
        if (user_queue_change(context->queue, context->config->tenant, user, &change) < 0)
                free(touch);
}
