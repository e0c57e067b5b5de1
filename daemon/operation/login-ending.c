/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "daemon/logind/logind.h"
#include "daemon/login/login-registry.h"
#include "daemon/login/login-state.h"
#include "daemon/nss/user-names.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/operation/login-ending.h"
#include "daemon/operation/user-rules.h"
#include "daemon/policy/policy.h"

#define ANSWER_TIMEOUT_USEC UINT64_C(2000000) /* for logind to take an order */
#define TERMINATE_WAIT_USEC UINT64_C(2000000) /* from the order to the kill */
#define KILL_WAIT_USEC      UINT64_C(3000000) /* from the kill to giving up */
#define NOTICE_WAIT_USEC    UINT64_C(300000)  /* for a process that only hears of its end */
#define LOOK_AGAIN_USEC     UINT64_C(20000)   /* the session's file may go after its processes */

struct LoginEndWaiter {
        LoginEndWaiter *next; /* linked in LoginEnding.waiters */
        LoginEndDone done;
        void *userdata;
};

static void give_order(LoginEnding *ending, LogindAction action);

void login_ending_clear(LoginEnding *ending) {
        while (ending->waiters) {
                LoginEndWaiter *waiter = ending->waiters;

                ending->waiters = waiter->next;
                free(waiter);
        }
        logind_call_free(ending->call);
        user_name_call_free(ending->name_call);
        sd_event_source_disable_unref(ending->timer);
        sd_event_source_disable_unref(ending->leader);
}

int login_ending_wait(LoginEnding *ending, LoginEndDone done, void *userdata) {
        LoginEndWaiter *waiter = calloc(1, sizeof(*waiter));

        if (!waiter)
                return -ENOMEM;
        *waiter = (LoginEndWaiter){ .next = ending->waiters, .done = done, .userdata = userdata };
        ending->waiters = waiter;
        return 0;
}

static void tell(LoginEnding *ending, bool ended) {
        LoginEndWaiter *waiters = TAKE_PTR(ending->waiters);

        while (waiters) {
                LoginEndWaiter *waiter = waiters;

                waiters = waiter->next;
                waiter->done(ending->login, ended, waiter->userdata);
                free(waiter);
        }
}

static void report(LoginEnding *ending, bool ended, const char *note) {
        const Login *login = ending->login;

        audit(ending->context, &(AuditRecord){
                                       .event = ended ? AUDIT_LOGIN_ENDED : AUDIT_LOGIN_LEFT,
                                       .reason = login->end_reason,
                                       .user = login->user,
                                       .target = login->target,
                                       .sid = login->sid,
                                       .service = login->service,
                                       .tty = login->tty,
                                       .rhost = login->rhost,
                                       .logind_id = login->logind_id,
                                       .note = note,
                               });
}

/* Memory decides. The file is for the next daemon, which also finds the session ended in the store. So it is only
 * written for a login that stays: through its grace, some time after its order, or for good. */
void login_ending_write(LoginEnding *ending) {
        if (!ending->unwritten)
                return;
        ending->unwritten = false;
        (void)login_registry_update(ending->context->logins, ending->login);
}

void login_ending_finish(LoginEnding *ending, bool ended, const char *note) {
        report(ending, ended, note);
        tell(ending, ended);
        ending->free_body(ending);
}

static void over(LoginEnding *ending) {
        LoginRegistry *registry = ending->context->logins;
        Login *login = ending->login;

        login_ending_finish(ending, true, NULL);
        login_registry_remove(registry, login);
}

/* A login that is still there stays recorded as ended, so that its account checks are refused. */
static void leave(LoginEnding *ending, bool ended, const char *note) {
        (void)login_registry_update(ending->context->logins, ending->login);
        login_ending_finish(ending, ended, note);
}

static uint64_t now_usec(const LoginEnding *ending) {
        uint64_t now = 0;

        sd_event_now(ending->context->event, CLOCK_MONOTONIC, &now);
        return now;
}

static int set_timer(LoginEnding *ending, uint64_t after_usec, sd_event_time_handler_t handler) {
        ending->timer = sd_event_source_disable_unref(ending->timer);
        return sd_event_add_time_relative(ending->context->event, &ending->timer, CLOCK_MONOTONIC,
                after_usec, 1000, handler, ending);
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata);

static void look_again(LoginEnding *ending) {
        if (now_usec(ending) >= ending->give_up_usec) {
                if (ending->action == LOGIND_TERMINATE && ending->ordered &&
                        !login_logind_is_another(ending->login))
                        give_order(ending, LOGIND_KILL);
                else
                        leave(ending, false,
                                ending->ordered ? "its processes survived SIGKILL by logind"
                                                : "it is not in a logind session of its user");
                return;
        }
        if (set_timer(ending, LOOK_AGAIN_USEC, on_look) < 0)
                leave(ending, false, "no memory to wait for its end");
}

static void look(LoginEnding *ending) {
        if (login_is_over(ending->login))
                over(ending);
        else
                look_again(ending);
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata) {
        LoginEnding *ending = userdata;

        (void)source;
        (void)usec;
        if (login_is_over(ending->login)) {
                over(ending);
                return 0;
        }
        login_ending_write(ending);
        look_again(ending);
        return 0;
}

static int on_leader_gone(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void)fd;
        (void)events;
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        look(userdata);
        return 0;
}

static void watch(LoginEnding *ending, uint64_t wait_usec) {
        int fd = -1;

        ending->give_up_usec = now_usec(ending) + wait_usec;
        if (!ending->leader && process_watch(&ending->login->leader, &fd) >= 0) {
                if (sd_event_add_io(ending->context->event, &ending->leader, fd, EPOLLIN,
                            on_leader_gone, ending) < 0)
                        close(fd);
                else
                        sd_event_source_set_io_fd_own(ending->leader, true);
        }
        look(ending);
}

static void on_ordered(LogindCall *call, int r, void *userdata) {
        LoginEnding *ending = userdata;

        ending->call = logind_call_free(call);
        if (r == LOGIND_E_REFUSED || r == LOGIND_E_ABSENT || r < 0) {
                if (!login_is_over(ending->login)) {
                        leave(ending, false,
                                r == LOGIND_E_REFUSED ? "logind refused the order"
                                                      : "logind does not answer");
                        return;
                }
        }
        if (ending->action == LOGIND_LOCK && r == 0) {
                leave(ending, true, "locked, as OnKick= says");
                return;
        }
        ending->ordered = true;
        watch(ending, ending->action == LOGIND_KILL ? KILL_WAIT_USEC : TERMINATE_WAIT_USEC);
}

static void give_order(LoginEnding *ending, LogindAction action) {
        ending->action = action;
        if (logind_act(ending->context->logind,
                    &(LogindOrder){ action, ending->login->logind_id, ANSWER_TIMEOUT_USEC },
                    on_ordered, ending, &ending->call) < 0)
                leave(ending, false, "no memory to ask logind");
}

static void act(LoginEnding *ending) {
        const Login *login = ending->login;
        PolicyRules rules;
        bool graphical;

        (void)user_rules_last(ending->context, login->user, &rules);
        graphical = rules.on_kick == KICK_LOCK && logind_session_is_graphical(login->logind_id);
        switch (policy_kick_action(&rules, graphical)) {
        case KICK_TERMINATE:
                give_order(ending, LOGIND_TERMINATE);
                return;
        case KICK_LOCK:
                give_order(ending, LOGIND_LOCK);
                return;
        case KICK_NOTIFY:
                leave(ending, false, "only signalled, as OnKick= says");
                return;
        }
        leave(ending, false, "unknown action");
}

/* The session that the user's own login opened is theirs; this must not depend on a directory server. */
static bool is_surely_own(const Login *login) {
        return login->opened_logind && login->target && !strcmp(login->target, login->user);
}

/* The end of a login inside somebody else's logind session must not end that session. */
static void on_owner(UserNameCall *call, const char *name, void *userdata) {
        LoginEnding *ending = userdata;
        bool own = name && !strcmp(name, ending->login->user);

        ending->name_call = user_name_call_free(call);
        if (own)
                act(ending);
        else
                watch(ending, NOTICE_WAIT_USEC);
}

void login_ending_begin(LoginEnding *ending) {
        const Login *login = ending->login;
        LoginState state = login_state(login);

        if (state == LOGIN_OVER)
                over(ending);
        else if (!login->logind_id || login->logind_owner == (uid_t)-1 || state == LOGIN_ELSEWHERE)
                watch(ending, NOTICE_WAIT_USEC);
        else if (is_surely_own(login))
                act(ending);
        else if (user_names_lookup(ending->context->names, login->logind_owner, on_owner, ending,
                         &ending->name_call) < 0)
                leave(ending, false, "too many look-ups of user names at once");
}

static int on_grace_over(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        login_ending_begin(userdata);
        return 0;
}

int login_ending_begin_after(LoginEnding *ending, uint64_t grace_usec) {
        return set_timer(ending, grace_usec, on_grace_over);
}

void login_ending_look_soon(LoginEnding *ending) {
        (void)set_timer(ending, 0, on_look);
}
