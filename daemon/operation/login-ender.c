/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "daemon/logind/logind.h"
#include "daemon/login/login-registry.h"
#include "daemon/login/login-state.h"
#include "daemon/login/text-hash.h"
#include "daemon/nss/user-names.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/operation/login-ender.h"
#include "daemon/operation/user-rules.h"
#include "daemon/policy/policy.h"

#define N_BUCKETS 4096u

#define ANSWER_TIMEOUT_USEC UINT64_C(2000000) /* for logind to take an order */
#define TERMINATE_WAIT_USEC UINT64_C(2000000) /* from the order to the kill */
#define KILL_WAIT_USEC      UINT64_C(3000000) /* from the kill to giving up */
#define NOTICE_WAIT_USEC    UINT64_C(300000)  /* for a process that only hears of its end */
#define LOOK_AGAIN_USEC     UINT64_C(20000)   /* the session's file may go after its processes */

typedef struct Waiter {
        struct Waiter *next; /* linked in Ending.waiters */
        LoginEndDone done;
        void *userdata;
} Waiter;

/* The steps: grace → whose session is it → order → watch → kill → watch → report. */
typedef struct Ending {
        struct Ending *next;      /* linked in a bucket of LoginEnder.endings */
        TAILQ_ENTRY(Ending) link; /* linked in LoginEnder.due, if it is */
        LoginEnder *ender;
        Login *login; /* borrowed from the registry */
        Waiter *waiters;
        LogindAction action;
        LogindCall *call;
        UserNameCall *name_call;
        sd_event_source *timer, *leader;
        uint64_t give_up_usec; /* CLOCK_MONOTONIC */
        bool due;              /* its grace is over */
        bool ordered;
        bool unwritten; /* its record does not tell yet that the login has ended, and should soon */
} Ending;

/* After a cut there may be thousands of endings at once. */
struct LoginEnder {
        Context *context;
        Ending *endings[N_BUCKETS]; /* by key_of() their login */
        TAILQ_HEAD(, Ending) due;
        sd_event_source *due_source;
};

static void ending_order(Ending *ending, LogindAction action);

static const char *key_of(const Login *login) {
        return login->logind_id ? login->logind_id : login->id;
}

static Ending **bucket_of(LoginEnder *ender, const char *key) {
        return &ender->endings[text_hash_add(text_hash_begin(), key) % N_BUCKETS];
}

static Ending *ending_free(Ending *ending) {
        Ending **link = bucket_of(ending->ender, key_of(ending->login));

        for (; *link; link = &(*link)->next)
                if (*link == ending) {
                        *link = ending->next;
                        break;
                }
        if (ending->due)
                TAILQ_REMOVE(&ending->ender->due, ending, link);
        while (ending->waiters) {
                Waiter *waiter = ending->waiters;

                ending->waiters = waiter->next;
                free(waiter);
        }
        logind_call_free(ending->call);
        user_name_call_free(ending->name_call);
        sd_event_source_disable_unref(ending->timer);
        sd_event_source_disable_unref(ending->leader);
        free(ending);
        return NULL;
}

static void ending_tell(Ending *ending, bool ended) {
        Waiter *waiters = TAKE_PTR(ending->waiters);

        while (waiters) {
                Waiter *waiter = waiters;

                waiters = waiter->next;
                waiter->done(ending->login, ended, waiter->userdata);
                free(waiter);
        }
}

static void ending_report(Ending *ending, bool ended, const char *note) {
        const Login *login = ending->login;

        audit(ending->ender->context, &(AuditRecord){
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

/* Memory decides; the file is for a daemon that starts anew, which finds the session ended in the store, too. So it is
 * written for a login that stays: through its grace, some time after its order, or for good. */
static void ending_write(Ending *ending) {
        if (!ending->unwritten)
                return;
        ending->unwritten = false;
        (void)login_registry_update(ending->ender->context->logins, ending->login);
}

static void ending_finish(Ending *ending, bool ended, const char *note) {
        ending_report(ending, ended, note);
        ending_tell(ending, ended);
        ending_free(ending);
}

static void ending_over(Ending *ending) {
        LoginRegistry *registry = ending->ender->context->logins;
        Login *login = ending->login;

        ending_finish(ending, true, NULL);
        login_registry_remove(registry, login);
}

/* A login that is still there stays recorded as ended, so that its account checks are refused. */
static void ending_leave(Ending *ending, bool ended, const char *note) {
        (void)login_registry_update(ending->ender->context->logins, ending->login);
        ending_finish(ending, ended, note);
}

static uint64_t now_usec(const Ending *ending) {
        uint64_t now = 0;

        sd_event_now(ending->ender->context->event, CLOCK_MONOTONIC, &now);
        return now;
}

static int set_timer(Ending *ending, uint64_t after_usec, sd_event_time_handler_t handler) {
        ending->timer = sd_event_source_disable_unref(ending->timer);
        return sd_event_add_time_relative(ending->ender->context->event, &ending->timer,
                CLOCK_MONOTONIC, after_usec, 1000, handler, ending);
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata);

static void look_again(Ending *ending) {
        if (now_usec(ending) >= ending->give_up_usec) {
                if (ending->action == LOGIND_TERMINATE && ending->ordered &&
                        !login_logind_is_another(ending->login))
                        ending_order(ending, LOGIND_KILL);
                else
                        ending_leave(ending, false,
                                ending->ordered ? "its processes survived SIGKILL by logind"
                                                : "it is not in a logind session of its user");
                return;
        }
        if (set_timer(ending, LOOK_AGAIN_USEC, on_look) < 0)
                ending_leave(ending, false, "no memory to wait for its end");
}

static void look(Ending *ending) {
        if (login_is_over(ending->login))
                ending_over(ending);
        else
                look_again(ending);
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata) {
        Ending *ending = userdata;

        (void)source;
        (void)usec;
        if (login_is_over(ending->login)) {
                ending_over(ending);
                return 0;
        }
        ending_write(ending);
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

static void ending_watch(Ending *ending, uint64_t wait_usec) {
        int fd = -1;

        ending->give_up_usec = now_usec(ending) + wait_usec;
        if (!ending->leader && process_watch(&ending->login->leader, &fd) >= 0) {
                if (sd_event_add_io(ending->ender->context->event, &ending->leader, fd, EPOLLIN,
                            on_leader_gone, ending) < 0)
                        close(fd);
                else
                        sd_event_source_set_io_fd_own(ending->leader, true);
        }
        look(ending);
}

static void on_ordered(LogindCall *call, int r, void *userdata) {
        Ending *ending = userdata;

        ending->call = logind_call_free(call);
        if (r == LOGIND_E_REFUSED || r == LOGIND_E_ABSENT || r < 0) {
                if (!login_is_over(ending->login)) {
                        ending_leave(ending, false,
                                r == LOGIND_E_REFUSED ? "logind refused the order"
                                                      : "logind does not answer");
                        return;
                }
        }
        if (ending->action == LOGIND_LOCK && r == 0) {
                ending_leave(ending, true, "locked, as OnKick= says");
                return;
        }
        ending->ordered = true;
        ending_watch(ending, ending->action == LOGIND_KILL ? KILL_WAIT_USEC : TERMINATE_WAIT_USEC);
}

static void ending_order(Ending *ending, LogindAction action) {
        ending->action = action;
        if (logind_act(ending->ender->context->logind,
                    &(LogindOrder){ action, ending->login->logind_id, ANSWER_TIMEOUT_USEC },
                    on_ordered, ending, &ending->call) < 0)
                ending_leave(ending, false, "no memory to ask logind");
}

static void ending_act(Ending *ending) {
        const Login *login = ending->login;
        PolicyRules rules;
        bool graphical;

        (void)user_rules_last(ending->ender->context, login->user, &rules);
        graphical = rules.on_kick == KICK_LOCK && logind_session_is_graphical(login->logind_id);
        switch (policy_kick_action(&rules, graphical)) {
        case KICK_TERMINATE:
                ending_order(ending, LOGIND_TERMINATE);
                return;
        case KICK_LOCK:
                ending_order(ending, LOGIND_LOCK);
                return;
        case KICK_NOTIFY:
                ending_leave(ending, false, "only signalled, as OnKick= says");
                return;
        }
        ending_leave(ending, false, "unknown action");
}

/* What the user's own login opened is theirs, and a directory server that is away must not keep it open. */
static bool is_surely_own(const Login *login) {
        return login->opened_logind && login->target && !strcmp(login->target, login->user);
}

/* A login inside the logind session of somebody else must not end that one's session. */
static void on_owner(UserNameCall *call, const char *name, void *userdata) {
        Ending *ending = userdata;
        bool own = name && !strcmp(name, ending->login->user);

        ending->name_call = user_name_call_free(call);
        if (own)
                ending_act(ending);
        else
                ending_watch(ending, NOTICE_WAIT_USEC);
}

static void ending_begin(Ending *ending) {
        const Login *login = ending->login;
        LoginState state = login_state(login);

        if (state == LOGIN_OVER)
                ending_over(ending);
        else if (!login->logind_id || login->logind_owner == (uid_t)-1 || state == LOGIN_ELSEWHERE)
                ending_watch(ending, NOTICE_WAIT_USEC);
        else if (is_surely_own(login))
                ending_act(ending);
        else if (user_names_lookup(ending->ender->context->names, login->logind_owner, on_owner,
                         ending, &ending->name_call) < 0)
                ending_leave(ending, false, "too many look-ups of user names at once");
}

static int on_grace_over(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        ending_begin(userdata);
        return 0;
}

/* Those without a grace, of which there may be thousands, need no timer each. */
static int on_due(sd_event_source *source, void *userdata) {
        LoginEnder *ender = userdata;
        Ending *ending;

        (void)source;
        while ((ending = TAILQ_FIRST(&ender->due))) {
                TAILQ_REMOVE(&ender->due, ending, link);
                ending->due = false;
                ending_begin(ending);
        }
        return 0;
}

static int ending_begin_after(Ending *ending, uint64_t grace_usec) {
        LoginEnder *ender = ending->ender;

        if (grace_usec > 0)
                return set_timer(ending, grace_usec, on_grace_over);
        TAILQ_INSERT_TAIL(&ender->due, ending, link);
        ending->due = true;
        return sd_event_source_set_enabled(ender->due_source, SD_EVENT_ONESHOT);
}

static Ending *find(const LoginEnder *ender, const Login *login) {
        Ending *ending = *bucket_of((LoginEnder *)ender, key_of(login));

        while (ending && ending->login != login)
                ending = ending->next;
        return ending;
}

static int ending_new(LoginEnder *ender, Login *login, Reason reason, Ending **ret_ending) {
        Ending **bucket = bucket_of(ender, key_of(login));
        Ending *ending = calloc(1, sizeof(*ending));
        PolicyRules rules;
        int r;

        if (!ending)
                return -ENOMEM;
        ending->ender = ender;
        ending->login = login;
        ending->next = *bucket;
        *bucket = ending;
        (void)user_rules_last(ender->context, login->user, &rules);
        r = ending_begin_after(ending, rules.kick_grace_usec);
        if (r < 0) {
                ending_free(ending);
                return r;
        }
        if (!login->ended) {
                login->ended = true;
                login->end_reason = reason;
                /* What is locked or told only is recorded once that is done: the next daemon takes it for done. */
                ending->unwritten = rules.on_kick == KICK_TERMINATE;
        }
        if (rules.kick_grace_usec > 0)
                ending_write(ending);
        *ret_ending = ending;
        return 0;
}

int login_ender_end(
        LoginEnder *ender, Login *login, Reason reason, LoginEndDone done, void *userdata) {
        Ending *ending = find(ender, login);
        Waiter *waiter = NULL;
        int r;

        if (done) {
                waiter = calloc(1, sizeof(*waiter));
                if (!waiter)
                        return -ENOMEM;
        }
        if (!ending) {
                r = ending_new(ender, login, reason, &ending);
                if (r < 0) {
                        free(waiter);
                        return r;
                }
        }
        if (waiter) {
                *waiter = (Waiter){ .next = ending->waiters, .done = done, .userdata = userdata };
                ending->waiters = waiter;
        }
        return 0;
}

bool login_ender_is_busy(const LoginEnder *ender, const Login *login) {
        return find(ender, login);
}

void login_ender_forget(LoginEnder *ender, const Login *login) {
        Ending *ending = find(ender, login);

        if (ending)
                ending_finish(ending, true, NULL);
}

void login_ender_session_removed(LoginEnder *ender, const char *logind_id) {
        for (Ending *ending = *bucket_of(ender, logind_id); ending; ending = ending->next)
                if (ending->ordered && ending->login->logind_id &&
                        !strcmp(ending->login->logind_id, logind_id)) {
                        /* Not now: looking may free the list under our feet. */
                        (void)set_timer(ending, 0, on_look);
                }
}

int login_ender_new(Context *context, LoginEnder **ret_ender) {
        _cleanup_(login_ender_freep) LoginEnder *ender = calloc(1, sizeof(*ender));
        int r;

        if (!ender)
                return -ENOMEM;
        ender->context = context;
        TAILQ_INIT(&ender->due);
        r = sd_event_add_defer(context->event, &ender->due_source, on_due, ender);
        if (r >= 0)
                r = sd_event_source_set_enabled(ender->due_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret_ender = TAKE_PTR(ender);
        return 0;
}

LoginEnder *login_ender_free(LoginEnder *ender) {
        if (!ender)
                return NULL;
        for (size_t i = 0; i < N_BUCKETS; i++)
                while (ender->endings[i]) {
                        ending_write(ender->endings[i]);
                        ending_free(ender->endings[i]);
                }
        sd_event_source_disable_unref(ender->due_source);
        free(ender);
        return NULL;
}
