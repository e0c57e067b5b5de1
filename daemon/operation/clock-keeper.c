/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/journal/journal.h"
#include "daemon/operation/clock-keeper.h"
#include "daemon/operation/context.h"
#include "daemon/operation/operation-object.h"
#include "daemon/operation/operation.h"
#include "daemon/policy/clock-trust.h"
#include "daemon/store/kept-text.h"

/* After a kill and a reboot, up to this much settled time is lost. */
#define KEEP_INTERVAL_SEC 900u

struct ClockKeeper {
        const Context *context;
        KeptText *kept;
        ClockRecord record;
        uint64_t kept_at_sec; /* CLOCK_BOOTTIME */
        bool in_doubt;        /* the journal knows */
};

static void keep(ClockKeeper *keeper) {
        char text[CLOCK_RECORD_SIZE];
        int error = kept_text_error(keeper->kept), r;

        clock_record_format(&keeper->record, text);
        keeper->kept_at_sec = keeper->record.up_sec;
        r = kept_text_set(keeper->kept, text);
        r = r < 0 ? r : error;
        if (r < 0)
                journal_log(keeper->context->journal, LOG_WARNING,
                        "clock: the time cannot be remembered: %s", strerror(-r));
}

static Moment look(ClockKeeper *keeper) {
        ClockRecord *record = &keeper->record;
        uint64_t now_sec = operation_now_sec(), up_sec = operation_up_sec();
        uint64_t elapsed_sec = up_sec - record->up_sec;

        record->up_sec = up_sec;
        clock_trust_advance(&record->passed, now_sec, elapsed_sec, CLOCK_PASSED_WAIT_SEC);
        clock_trust_advance(&record->settled, now_sec, elapsed_sec, CLOCK_SETTLED_WAIT_SEC);
        return (Moment){
                .now_sec = now_sec,
                .passed_sec = record->passed.believed_sec,
                .settled_sec = record->settled.believed_sec < record->passed.believed_sec
                                       ? record->settled.believed_sec
                                       : record->passed.believed_sec,
        };
}

Moment clock_keeper_now(ClockKeeper *keeper) {
        return look(keeper);
}

Moment clock_keeper_tick(ClockKeeper *keeper) {
        Moment moment = look(keeper);
        bool in_doubt = moment.passed_sec < moment.now_sec;

        if (in_doubt && !keeper->in_doubt)
                journal_log(keeper->context->journal, LOG_WARNING,
                        "clock: it was set forward by %" PRIu64
                        " s; until it has gone on from there for a while, bans for a time last "
                        "longer",
                        moment.now_sec - moment.passed_sec);
        keeper->in_doubt = in_doubt;
        if (keeper->record.up_sec - keeper->kept_at_sec >= KEEP_INTERVAL_SEC)
                keep(keeper);
        return moment;
}

static int read_record(const ClockKeeper *keeper, const char *path, ClockRecord *ret_record) {
        char text[KEPT_TEXT_MAX + 1];
        int r;

        r = kept_text_read(path, text);
        if (r == 0 && clock_record_parse(text, ret_record))
                r = -EBADMSG;
        if (r < 0 && r != -ENOENT)
                journal_log(keeper->context->journal, LOG_WARNING, "clock: %s is of no use: %s",
                        path, strerror(-r));
        return r;
}

/* The runtime directory is of this boot, so the time since the writing is known. */
static void recall(ClockKeeper *keeper, const char *const paths[KEPT_TEXT_FILES]) {
        uint64_t now_sec = operation_now_sec(), up_sec = operation_up_sec();
        ClockRecord *record = &keeper->record;

        if (read_record(keeper, paths[0], record) == 0 && record->up_sec <= up_sec)
                return;
        if (read_record(keeper, paths[1], record) < 0)
                *record = (ClockRecord){ 0 };
        record->passed = (ClockTrust){ now_sec, now_sec, 0 };
        record->up_sec = up_sec;
}

static char *record_path(const char *directory) {
        char *path;

        return asprintf(&path, "%s/clock", directory) < 0 ? NULL : path;
}

int clock_keeper_new(const Context *context, ClockKeeper **ret_keeper) {
        _cleanup_(clock_keeper_freep) ClockKeeper *keeper = calloc(1, sizeof(*keeper));
        _cleanup_(freep) char *runtime = record_path(context->config->runtime_directory),
                              *state = record_path(context->config->state_directory);
        const char *const paths[KEPT_TEXT_FILES] = { runtime, state };
        int r;

        if (!keeper || !runtime || !state)
                return -ENOMEM;
        keeper->context = context;
        recall(keeper, paths);
        r = kept_text_new(paths, &keeper->kept);
        if (r < 0)
                return r;
        (void)look(keeper);
        keep(keeper);
        *ret_keeper = TAKE_PTR(keeper);
        return 0;
}

ClockKeeper *clock_keeper_free(ClockKeeper *keeper) {
        if (!keeper)
                return NULL;
        if (keeper->kept) {
                (void)look(keeper);
                keep(keeper);
        }
        kept_text_free(keeper->kept);
        free(keeper);
        return NULL;
}
