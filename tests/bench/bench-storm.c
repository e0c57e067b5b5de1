/* SPDX-License-Identifier: MIT */

/*
 * A storm of revocations for scripts/bench: begins as many sessions as it is told, says so, and then ends them one
 * after the other, as fast as the daemon answers or as it is told, while "1" was the last that came in on standard input.
 */

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "tests/bus/race-bus.h"

#define N_USERS        512u
#define N_IN_FLIGHT    32u
#define N_SESSIONS_MAX 32768u
#define SID_LENGTH     22u
#define RATE_MAX       1000000u
#define TICK_USEC      UINT64_C(1000)
#define USEC_PER_SEC   UINT64_C(1000000)

static char (*sids)[SID_LENGTH + 1];
static unsigned int n_sessions, n_wanted, n_issued, n_revoked, n_in_flight;
static uint64_t rate; /* a second; 0: as fast as it can */
static uint64_t blown_usec, began_usec, n_due;
static bool blows;

/* "atr1.SID.GENERATION.MAC" */
static int on_issued(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Answer answer = { .done = false };

        (void)userdata;
        (void)error;
        race_take(reply, &answer);
        if (*answer.reason || !answer.refresh || strlen(answer.refresh) < 5 + SID_LENGTH)
                errx(EXIT_FAILURE, "no session: %s", answer.reason);
        memcpy(sids[n_sessions++], answer.refresh + 5, SID_LENGTH);
        answer_clear(&answer);
        return 0;
}

static void issue_all(void) {
        while (n_issued < n_wanted) {
                for (unsigned int i = 0; i < N_IN_FLIGHT && n_issued < n_wanted; i++) {
                        char user[32];

                        snprintf(user, sizeof(user), "storm%u", n_issued++ % N_USERS);
                        race_ask(race_buses[0], "IssueToken", user, on_issued, NULL);
                }
                race_run();
        }
}

static void blow(void);

static int on_revoked(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Answer answer = { .done = false };

        (void)userdata;
        (void)error;
        race_take(reply, &answer);
        if (*answer.reason)
                errx(EXIT_FAILURE, "not revoked: %s", answer.reason);
        n_in_flight--;
        blow();
        return 0;
}

static uint64_t now_usec(void) {
        uint64_t usec = 0;

        if (sd_event_now(race_event, CLOCK_MONOTONIC, &usec) < 0)
                errx(EXIT_FAILURE, "no clock");
        return usec;
}

static bool is_due(void) {
        return rate == 0 || n_revoked < n_due;
}

static void blow(void) {
        for (; blows && n_in_flight < N_IN_FLIGHT && n_revoked < n_sessions && is_due();
                n_in_flight++)
                race_ask(race_buses[0], "RevokeSession", sids[n_revoked++], on_revoked, NULL);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)userdata;
        if (blows) {
                n_due += rate * TICK_USEC / USEC_PER_SEC;
                blow();
        }
        if (sd_event_source_set_time(source, usec + TICK_USEC) < 0)
                errx(EXIT_FAILURE, "no timer");
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void start_clock(void) {
        if (sd_event_add_time(race_event, NULL, CLOCK_MONOTONIC, now_usec(), 1, on_tick, NULL) < 0)
                errx(EXIT_FAILURE, "no timer");
}

static void set_blowing(bool wanted) {
        if (wanted)
                began_usec = now_usec();
        else if (blows)
                blown_usec += now_usec() - began_usec;
        blows = wanted;
        n_due = n_revoked;
        blow();
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        char order;

        (void)source;
        (void)events;
        (void)userdata;
        if (read(fd, &order, sizeof(order)) <= 0)
                return sd_event_exit(race_event, 0);
        set_blowing(order == '1');
        return 0;
}

int main(int argc, char **argv) {
        uint64_t number;

        if (argc < 3 || argc > 4 || text_parse_u64(argv[2], N_SESSIONS_MAX, &number) ||
                (argc > 3 && text_parse_u64(argv[3], RATE_MAX, &rate)))
                errx(2, "usage: %s ADDRESS SESSIONS [RATE]", argv[0]);
        n_wanted = (unsigned int)number;
        sids = calloc(n_wanted + 1, sizeof(*sids));
        if (!sids)
                err(EXIT_FAILURE, "calloc");
        race_connect(argv[1]);
        issue_all();
        printf("ready\n");
        fflush(stdout);
        if (rate > 0)
                start_clock();
        if (sd_event_add_io(race_event, NULL, STDIN_FILENO, EPOLLIN, on_input, NULL) < 0 ||
                sd_event_loop(race_event) < 0)
                errx(EXIT_FAILURE, "the loop failed");
        printf("%u %u %llu\n", n_revoked, n_sessions, (unsigned long long)blown_usec);
        race_disconnect();
        free(sids);
        return EXIT_SUCCESS;
}
