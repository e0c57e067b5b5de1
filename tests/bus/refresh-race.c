/* SPDX-License-Identifier: MIT */

/*
 * Many clients at once against authtokend on a private bus, faster than Python could be.
 *
 *   refresh-race ADDRESS parallel|revoke|rotate COUNT    each holds an invariant of refresh COUNT times
 *   refresh-race ADDRESS load COUNT                      COUNT clients go on until standard input ends; the daemon may
 *                                                        be killed meanwhile, and each looks at its whole history
 */

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "race-bus.h"

#define N_PARALLEL     100u
#define N_USERS        50u
#define N_ROTATIONS    50u
#define N_CLIENTS_MAX  64u
#define PROGRESS_EVERY 250u
#define COUNT_MAX      100000u

typedef enum Step { STEP_ISSUE, STEP_REFRESH, STEP_REVOKE, STEP_CHECK } Step;

typedef struct Client {
        unsigned int number;
        Step step;
        Answer answer;
        char *refresh;
        uint64_t generation, revoke_at;
        bool waits; /* for the daemon to come back */
} Client;

static Client clients[N_CLIENTS_MAX];
static unsigned int n_clients;
static uint64_t n_rotations, n_revoked, n_resent;
static bool is_owned = true, is_ending;

static void issue(unsigned int number, Answer *answer) {
        char user[32];

        snprintf(user, sizeof(user), "race%u", number % N_USERS);
        race_ask(race_buses[0], "IssueToken", user, race_on_reply, answer);
        race_run();
        if (*answer->reason)
                errx(EXIT_FAILURE, "no token: %s", answer->reason);
}

/* "atr1.SID.GENERATION.MAC" */
static uint64_t generation_of(const char *refresh) {
        char copy[128];
        uint64_t generation;

        snprintf(copy, sizeof(copy), "%s", refresh + 28);
        copy[strcspn(copy, ".")] = '\0';
        if (text_parse_u64(copy, UINT64_MAX, &generation))
                errx(EXIT_FAILURE, "no refresh token");
        return generation;
}

static void session_of(const char *refresh, char sid[23]) {
        memcpy(sid, refresh + 5, 22);
        sid[22] = '\0';
}

static bool same_claims(const char *a, const char *b) {
        return strcspn(strchr(a, '.') + 1, ".") == strcspn(strchr(b, '.') + 1, ".") &&
               strncmp(a, b, (size_t)(strrchr(a, '.') - a)) == 0;
}

static void check_reason(const Answer *answer, const char *reason, const char *what) {
        if (strcmp(answer->reason, reason) != 0)
                errx(EXIT_FAILURE, "%s: '%s' and not '%s'", what, answer->reason, reason);
}

/* Of many at once all get the same pair, one generation further. */
static void parallel_round(Answer *last) {
        static Answer answers[N_PARALLEL];

        for (size_t i = 0; i < N_PARALLEL; i++)
                race_ask(race_buses[i % RACE_BUSES], "RefreshToken", last->refresh, race_on_reply,
                        &answers[i]);
        race_run();
        for (size_t i = 0; i < N_PARALLEL; i++) {
                check_reason(&answers[i], "", "one of many");
                if (strcmp(answers[i].refresh, answers[0].refresh) != 0 ||
                        !same_claims(answers[i].access, answers[0].access))
                        errx(EXIT_FAILURE, "two different pairs");
        }
        if (generation_of(answers[0].refresh) != generation_of(last->refresh) + 1)
                errx(EXIT_FAILURE, "not one generation further");
        answer_clear(last);
        *last = answers[0];
        answers[0] = (Answer){ .done = false };
        for (size_t i = 1; i < N_PARALLEL; i++)
                answer_clear(&answers[i]);
}

static void run_parallel(unsigned int count) {
        Answer last = { .done = false };

        issue(0, &last);
        for (unsigned int i = 0; i < count; i++)
                parallel_round(&last);
        answer_clear(&last);
}

static void refuse_after_revoke(const Answer *tokens) {
        Answer refreshed = { .done = false }, validated = { .done = false };

        if (!tokens->refresh)
                return;
        race_ask(race_buses[2], "RefreshToken", tokens->refresh, race_on_reply, &refreshed);
        race_ask(race_buses[3], "ValidateToken", tokens->access, race_on_reply, &validated);
        race_run();
        check_reason(&refreshed, "session-revoked", "a refresh after the revoke");
        check_reason(&validated, "session-revoked", "an access token after the revoke");
        answer_clear(&refreshed);
        answer_clear(&validated);
}

/* Whoever of the two comes first: what the refresh gave out is good for nothing once the revoke is acknowledged. */
static void revoke_round(unsigned int number) {
        Answer issued = { .done = false }, refreshed = { .done = false },
               revoked = { .done = false };
        bool revoke_first = number % 2;
        char sid[23];

        issue(number, &issued);
        session_of(issued.refresh, sid);
        if (revoke_first)
                race_ask(race_buses[1], "RevokeSession", sid, race_on_reply, &revoked);
        race_ask(race_buses[number % 3 ? 2 : 1], "RefreshToken", issued.refresh, race_on_reply,
                &refreshed);
        if (!revoke_first)
                race_ask(race_buses[1], "RevokeSession", sid, race_on_reply, &revoked);
        race_run();
        check_reason(&revoked, "", "the revoke");
        if (*refreshed.reason)
                check_reason(&refreshed, "session-revoked", "the refresh");
        n_rotations += !*refreshed.reason;
        refuse_after_revoke(&issued);
        refuse_after_revoke(&refreshed);
        answer_clear(&issued);
        answer_clear(&refreshed);
}

static void run_revoke(unsigned int count) {
        for (unsigned int i = 0; i < count; i++)
                revoke_round(i);
        /* Else nothing raced. */
        if (n_rotations == 0 || n_rotations == count)
                errx(EXIT_FAILURE, "the same one always came first");
}

/* Tokens are numbered, not timed: many of one second are as different as others. */
static void rotate_round(unsigned int replayed) {
        Answer old[N_ROTATIONS + 1] = { { .done = false } }, again = { .done = false };

        issue(replayed, &old[0]);
        for (unsigned int i = 0; i < N_ROTATIONS; i++) {
                race_ask(race_buses[0], "RefreshToken", old[i].refresh, race_on_reply, &old[i + 1]);
                race_run();
                check_reason(&old[i + 1], "", "a rotation");
        }
        race_ask(race_buses[1], "RefreshToken", old[replayed].refresh, race_on_reply, &again);
        race_run();
        if (replayed == N_ROTATIONS - 1) {
                check_reason(&again, "", "the previous one");
                if (strcmp(again.refresh, old[N_ROTATIONS].refresh) != 0)
                        errx(EXIT_FAILURE, "the previous one has another successor");
        } else {
                check_reason(&again, "session-reused", "an old one");
                answer_clear(&again);
                race_ask(race_buses[1], "RefreshToken", old[N_ROTATIONS].refresh, race_on_reply,
                        &again);
                race_run();
                check_reason(&again, "session-reused", "the newest one after it");
        }
        for (unsigned int i = 0; i <= N_ROTATIONS; i++)
                answer_clear(&old[i]);
        answer_clear(&again);
}

static void run_rotate(unsigned int count) {
        for (unsigned int i = 0; i < count; i++)
                rotate_round(i % N_ROTATIONS);
}

static int on_client_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error);

static void client_send(Client *client) {
        sd_bus *bus = race_buses[client->number % RACE_BUSES];
        char text[32];

        answer_clear(&client->answer);
        client->waits = false;
        switch (client->step) {
        case STEP_ISSUE:
                snprintf(text, sizeof(text), "race%u", client->number);
                race_ask(bus, "IssueToken", text, on_client_reply, client);
                return;
        case STEP_REVOKE:
                session_of(client->refresh, text);
                race_ask(bus, "RevokeSession", text, on_client_reply, client);
                return;
        case STEP_REFRESH:
        case STEP_CHECK:
                race_ask(bus, "RefreshToken", client->refresh, on_client_reply, client);
                return;
        }
}

/* No answer says nothing: it is asked again, with the same token. */
static bool is_lost(const Answer *answer) {
        return strcmp(answer->reason, "NoReply") == 0 ||
               strcmp(answer->reason, "ServiceUnknown") == 0 ||
               strcmp(answer->reason, "NameHasNoOwner") == 0 ||
               strcmp(answer->reason, "Disconnected") == 0;
}

static void keep(Client *client) {
        free(client->refresh);
        client->refresh = strdup(client->answer.refresh);
        client->generation = generation_of(client->refresh);
}

static void client_refreshed(Client *client) {
        check_reason(&client->answer, "", "a refresh under load");
        if (generation_of(client->answer.refresh) != client->generation + 1)
                errx(EXIT_FAILURE, "a generation was lost or given out twice");
        keep(client);
        if (++n_rotations % PROGRESS_EVERY == 0) {
                printf("%llu\n", (unsigned long long)n_rotations);
                fflush(stdout);
        }
        if (client->generation >= client->revoke_at)
                client->step = STEP_REVOKE;
}

static void client_go_on(Client *client) {
        switch (client->step) {
        case STEP_ISSUE:
                check_reason(&client->answer, "", "an issue under load");
                keep(client);
                client->revoke_at = 20 + client->number % 40;
                client->step = STEP_REFRESH;
                return;
        case STEP_REFRESH:
                client_refreshed(client);
                return;
        case STEP_REVOKE:
                /* The first one may have been stored before its answer was lost. */
                if (*client->answer.reason)
                        check_reason(&client->answer, "session-revoked", "a revoke under load");
                client->step = STEP_CHECK;
                return;
        case STEP_CHECK:
                check_reason(&client->answer, "session-revoked", "a refresh after the revoke");
                n_revoked++;
                client->step = STEP_ISSUE;
                return;
        }
}

static int on_client_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Client *client = userdata;

        (void)error;
        race_take(reply, &client->answer);
        if (is_lost(&client->answer)) {
                n_resent++;
                client->waits = !is_owned;
        } else {
                client_go_on(client);
        }
        if (!client->waits && !(is_ending && client->step == STEP_REFRESH))
                client_send(client);
        return 0;
}

static int on_owner(sd_bus_message *signal, void *userdata, sd_bus_error *error) {
        const char *name, *before, *after;

        (void)userdata;
        (void)error;
        if (sd_bus_message_read(signal, "sss", &name, &before, &after) <= 0)
                errx(EXIT_FAILURE, "NameOwnerChanged is not understood");
        is_owned = *after != '\0';
        for (unsigned int i = 0; is_owned && i < n_clients; i++)
                if (clients[i].waits)
                        client_send(&clients[i]);
        return 0;
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        char byte;

        (void)events;
        (void)userdata;
        if (read(fd, &byte, sizeof(byte)) == 0) {
                is_ending = true;
                (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        }
        return 0;
}

/* What each client holds in the end is what the store holds. */
static void check_end(Client *client) {
        Answer answer = { .done = false };

        if (client->step != STEP_REFRESH)
                errx(EXIT_FAILURE, "a client stopped elsewhere");
        race_ask(race_buses[0], "RefreshToken", client->refresh, race_on_reply, &answer);
        race_run();
        check_reason(&answer, "", "the last refresh");
        if (generation_of(answer.refresh) != client->generation + 1)
                errx(EXIT_FAILURE, "the store is at another generation");
        answer_clear(&answer);
        free(client->refresh);
}

static void run_load(unsigned int count) {
        if (sd_bus_match_signal(race_buses[0], NULL, "org.freedesktop.DBus",
                    "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged", on_owner,
                    NULL) < 0 ||
                sd_event_add_io(race_event, NULL, STDIN_FILENO, EPOLLIN, on_input, NULL) < 0)
                errx(EXIT_FAILURE, "cannot listen");
        n_clients = count < N_CLIENTS_MAX ? count : N_CLIENTS_MAX;
        for (unsigned int i = 0; i < n_clients; i++) {
                clients[i].number = i;
                client_send(&clients[i]);
        }
        while (!is_ending || race_is_pending())
                race_turn();
        for (unsigned int i = 0; i < n_clients; i++)
                check_end(&clients[i]);
        printf("rotations=%llu revoked=%llu resent=%llu\n", (unsigned long long)n_rotations,
                (unsigned long long)n_revoked, (unsigned long long)n_resent);
}

int main(int argc, char **argv) {
        static const struct {
                const char *name;
                void (*run)(unsigned int count);
        } modes[] = {
                { "parallel", run_parallel },
                { "revoke", run_revoke },
                { "rotate", run_rotate },
                { "load", run_load },
        };
        uint64_t count;

        if (argc != 4 || text_parse_u64(argv[3], COUNT_MAX, &count))
                errx(2, "usage: %s ADDRESS MODE COUNT", argv[0]);
        race_connect(argv[1]);
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
                if (strcmp(modes[i].name, argv[2]) == 0)
                        modes[i].run((unsigned int)count);
        race_disconnect();
        return EXIT_SUCCESS;
}
