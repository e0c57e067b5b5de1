/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "daemon/config/config.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/hook.h"
#include "daemon/operation/login-ender.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/session-ending.h"
#include "daemon/operation/user-rules.h"
#include "daemon/policy/policy.h"
#include "daemon/token/token-cache.h"

/* One place where a login runs: a logind session, or a process that is in none. */
typedef struct Place {
        char *logind_id;
        pid_t leader;
        bool failed;
} Place;

typedef struct SessionEnding {
        Operation op; /* only for its place in the context; it has no waiter */
        SessionEndingDone done;
        void *userdata;
        SessionEnd *ends; /* without their text, which is only needed at the beginning */
        size_t n_ends;
        Place *places;
        size_t n_places, n_pending;
} SessionEnding;

static void session_ending_free(Operation *op) {
        SessionEnding *ending = (SessionEnding *)op;

        for (size_t i = 0; i < ending->n_places; i++)
                free(ending->places[i].logind_id);
        free(ending->places);
        free(ending->ends);
        free(ending);
}

/* The login that is reported with the end of its session: the one that was opened last. */
typedef struct LoginOfSession {
        const char *sid;
        const Login *login;
        bool was_ended;
} LoginOfSession;

static bool look_at(Login *login, void *userdata) {
        LoginOfSession *found = userdata;

        if (strcmp(login->sid, found->sid))
                return true;
        found->was_ended |= login->ended;
        if (!found->login || login->opened_at_sec >= found->login->opened_at_sec)
                found->login = login;
        return true;
}

static bool is_logout(Reason reason) {
        return reason == REASON_SESSION_REVOKED || reason == REASON_SESSION_LOGGED_OUT;
}

static const char *either(const char *a, const char *b) {
        return a ? a : b;
}

static void tell_hooks(Context *context, const char *user, const SessionEnd *end, HookKind kind) {
        static const Login none;
        LoginOfSession found = { .sid = end->sid };
        const Login *login;

        login_registry_each(context->logins, context->config->tenant, user, look_at, &found);
        /* Logins that are left of a session that ended before are ended again every minute. */
        if (found.was_ended)
                return;
        login = found.login ? found.login : &none;
        hook_send(context, &(HookEvent){
                                   .kind = kind,
                                   .user = user,
                                   .session = end->sid,
                                   .service = login->service,
                                   .tty = login->tty,
                                   .rhost = login->rhost,
                                   .reason = reason_code(end->reason),
                                   .platform = either(end->platform, login->platform),
                                   .device = either(end->device, login->device),
                           });
}

/* Once for each session. */
static void tell_hooks_of_all(Context *context, const EndedSessions *ended) {
        for (size_t i = 0; i < ended->n_ends; i++) {
                HookKind kind = is_logout(ended->ends[i].reason) ? HOOK_LOGOUT : HOOK_KICK;

                if (hook_is_on(context, kind))
                        tell_hooks(context, ended->user, &ended->ends[i], kind);
        }
}

static void tell(SessionEnding *ending, SessionEventType type, uint64_t deadline_usec) {
        Context *context = ending->op.context;

        if (!context->sink)
                return;
        for (size_t i = 0; i < ending->n_ends; i++)
                context->sink(
                        &(SessionEvent){
                                .type = type,
                                .sid = ending->ends[i].sid,
                                .reason = reason_code(ending->ends[i].reason),
                                .deadline_usec = deadline_usec,
                        },
                        context->sink_userdata);
}

static void finish(SessionEnding *ending) {
        unsigned int n_failed = 0;

        for (size_t i = 0; i < ending->n_places; i++)
                n_failed += ending->places[i].failed;
        tell(ending, SESSION_EVENT_ENDED, 0);
        if (ending->done)
                ending->done((unsigned int)ending->n_places - n_failed, n_failed, ending->userdata);
        operation_finish_reason(&ending->op, REASON_OK);
}

static int on_deferred_finish(sd_event_source *source, void *userdata) {
        (void)source;
        finish(userdata);
        return 0;
}

/* Two logins in one logind session, such as a shell and the sudo inside it, are one place. */
static Place *place_of(SessionEnding *ending, const Login *login) {
        for (size_t i = 0; i < ending->n_places; i++) {
                Place *place = &ending->places[i];

                if (login->logind_id
                                ? place->logind_id && !strcmp(place->logind_id, login->logind_id)
                                : !place->logind_id && place->leader == login->leader.pid)
                        return place;
        }
        return NULL;
}

static int add_place(SessionEnding *ending, const Login *login) {
        Place *places;

        if (place_of(ending, login))
                return 0;
        places = reallocarray(ending->places, ending->n_places + 1, sizeof(*places));
        if (!places)
                return -ENOMEM;
        ending->places = places;
        places[ending->n_places] = (Place){ .leader = login->leader.pid };
        if (login->logind_id) {
                places[ending->n_places].logind_id = strdup(login->logind_id);
                if (!places[ending->n_places].logind_id)
                        return -ENOMEM;
        }
        ending->n_places++;
        return 0;
}

static void on_login_end(const Login *login, bool ended, void *userdata) {
        SessionEnding *ending = userdata;
        Place *place = place_of(ending, login);

        if (place && !ended)
                place->failed = true;
        if (--ending->n_pending == 0)
                finish(ending);
}

static const SessionEnd *end_of(const SessionEnding *ending, const Login *login) {
        for (size_t i = 0; i < ending->n_ends; i++)
                if (!strcmp(login->sid, ending->ends[i].sid))
                        return &ending->ends[i];
        return NULL;
}

static bool visit(Login *login, void *userdata) {
        SessionEnding *ending = userdata;
        const SessionEnd *end = end_of(ending, login);

        if (!end)
                return true;
        if (add_place(ending, login) < 0)
                return false;
        if (login_ender_end(ending->op.context->ender, login, end->reason, on_login_end, ending) >=
                0)
                ending->n_pending++;
        else
                place_of(ending, login)->failed = true;
        return true;
}

static int copy_ends(SessionEnding *ending, const EndedSessions *ended) {
        ending->ends = calloc(ended->n_ends + 1, sizeof(*ending->ends));
        if (!ending->ends)
                return -ENOMEM;
        ending->n_ends = ended->n_ends;
        for (size_t i = 0; i < ended->n_ends; i++) {
                memcpy(ending->ends[i].sid, ended->ends[i].sid, SID_SIZE + 1);
                ending->ends[i].reason = ended->ends[i].reason;
        }
        return 0;
}

int session_ending_start(
        Context *context, const EndedSessions *ended, SessionEndingDone done, void *userdata) {
        SessionEnding *ending = calloc(1, sizeof(*ending));
        PolicyRules rules;
        int r = 0;

        if (!ending)
                return -ENOMEM;
        if (copy_ends(ending, ended) < 0) {
                free(ending);
                return -ENOMEM;
        }
        ending->done = done;
        ending->userdata = userdata;
        operation_init(&ending->op, context, (OperationWaiter){}, session_ending_free);

        for (size_t i = 0; i < ending->n_ends; i++)
                token_cache_drop_session(context->cache, ending->ends[i].sid);
        (void)user_rules_last(context, ended->user, &rules);
        tell(ending, SESSION_EVENT_ENDING, operation_now_usec() + rules.kick_grace_usec);
        tell_hooks_of_all(context, ended);
        login_registry_each(context->logins, context->config->tenant, ended->user, visit, ending);
        if (ending->n_pending == 0)
                r = sd_event_add_defer(
                        context->event, &ending->op.deferred, on_deferred_finish, ending);
        if (r < 0) {
                operation_finish_reason(&ending->op, REASON_INTERNAL);
                return r;
        }
        return 0;
}

void session_ending_start_one(Context *context, const char *user, const char *sid, Reason reason) {
        SessionEnd end = { .reason = reason };

        memcpy(end.sid, sid, sizeof(end.sid));
        (void)session_ending_start(context, &(EndedSessions){ user, &end, 1 }, NULL, NULL);
}

void session_ending_start_each(Context *context, const char *user, const PolicyEnded *ended) {
        for (size_t i = 0; i < ended->n_ends; i++) {
                const SessionEnd *end = &ended->ends[i];

                audit(context, &(AuditRecord){
                                       .event = AUDIT_SESSION_END,
                                       .reason = end->reason,
                                       .user = user,
                                       .sid = end->sid,
                               });
                (void)session_ending_start(context, &(EndedSessions){ user, end, 1 }, NULL, NULL);
        }
}
