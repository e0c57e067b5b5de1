/* SPDX-License-Identifier: MIT */

/*
 * A storm of revocations for scripts/bench: begins as many sessions as it is told, says so, and then ends them one
 * after the other as fast as the daemon answers, while "1" was the last that came in on standard input.
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

static char (*sids)[SID_LENGTH + 1];
static unsigned int n_sessions, n_wanted, n_issued, n_revoked, n_in_flight;
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

static void blow(void) {
        for (; blows && n_in_flight < N_IN_FLIGHT && n_revoked < n_sessions; n_in_flight++)
                race_ask(race_buses[0], "RevokeSession", sids[n_revoked++], on_revoked, NULL);
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        char order;

        (void)source;
        (void)events;
        (void)userdata;
        if (read(fd, &order, sizeof(order)) <= 0)
                return sd_event_exit(race_event, 0);
        blows = order == '1';
        blow();
        return 0;
}

int main(int argc, char **argv) {
        uint64_t number;

        if (argc != 3 || text_parse_u64(argv[2], N_SESSIONS_MAX, &number))
                errx(2, "usage: %s ADDRESS SESSIONS", argv[0]);
        n_wanted = (unsigned int)number;
        sids = calloc(n_wanted + 1, sizeof(*sids));
        if (!sids)
                err(EXIT_FAILURE, "calloc");
        race_connect(argv[1]);
        issue_all();
        printf("ready\n");
        fflush(stdout);
        if (sd_event_add_io(race_event, NULL, STDIN_FILENO, EPOLLIN, on_input, NULL) < 0 ||
                sd_event_loop(race_event) < 0)
                errx(EXIT_FAILURE, "the loop failed");
        printf("%u %u\n", n_revoked, n_sessions);
        race_disconnect();
        free(sids);
        return EXIT_SUCCESS;
}
