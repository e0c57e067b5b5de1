/* SPDX-License-Identifier: MIT */

/*
 * store-writer sqlite PATH | redis ADDRESS: commits without end, several users at once, and writes a
 * CrashRecord to standard output for each commit that was acknowledged. It is meant to be killed.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "crash-record.h"
#include "daemon/store/store-commit.h"

typedef struct Writer {
        UserStore *store;
        uint32_t user, step;
        char name[16];
} Writer;

static void load(Writer *writer);

/* Whatever went wrong: what is stored now decides how it goes on. */
static void on_committed(StoreCall *call, int r, UserState *state, void *userdata) {
        Writer *writer = userdata;
        CrashRecord record = { writer->user, writer->step };

        (void)call;
        user_state_unref(state);
        if (r == 0 && write(STDOUT_FILENO, &record, sizeof(record)) != (ssize_t)sizeof(record))
                exit(3);
        load(writer);
}

static void on_loaded(StoreCall *call, int r, UserState *state, void *userdata) {
        Writer *writer = userdata;
        UserState *next;

        (void)call;
        if (r != 0) {
                load(writer);
                return;
        }
        if (user_state_copy(state, &next) < 0)
                exit(7);
        crash_state_advance(next, writer->user);
        writer->step = (uint32_t)next->not_before_sec;
        r = user_store_commit(writer->store, (StoreCommit){ .before = state, .after = next },
                on_committed, writer, &call);
        user_state_unref(state);
        user_state_unref(next);
        if (r < 0)
                exit(4);
}

static void load(Writer *writer) {
        StoreCall *call;

        if (user_store_load(writer->store, (StoreName){ "default", writer->name }, on_loaded,
                    writer, &call) < 0)
                exit(5);
}

int main(int argc, char **argv) {
        StoreConfig config = { .prefix = "authtoken", .timeout_usec = 10000000 };
        Writer writers[CRASH_USERS];
        UserStore *store;
        sd_event *event;

        if (argc != 3)
                return 2;
        config.type = strcmp(argv[1], "redis") == 0 ? STORE_REDIS : STORE_SQLITE;
        config.path = argv[2];
        config.address = argv[2];
        if (sd_event_new(&event) < 0 || user_store_new(&config, event, NULL, NULL, &store) != 0)
                return 6;
        for (uint32_t i = 0; i < CRASH_USERS; i++) {
                writers[i] = (Writer){ .store = store, .user = i };
                crash_user_name(i, writers[i].name);
                load(&writers[i]);
        }
        return sd_event_loop(event);
}
