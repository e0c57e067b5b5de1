/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/session/state-change.h"
#include "daemon/session/user-state.h"

/* A name on one line, its value on the next. */
static void read_fields(const uint8_t *data, size_t size, StateFields *fields) {
        char *text = strndup((const char *)data, size), *cursor = text, *name, *value;

        while (text && (name = strsep(&cursor, "\n")) && (value = strsep(&cursor, "\n")))
                (void)state_fields_add(fields, name, value, strlen(value));
        free(text);
}

static bool has_ban(const StateFields *fields) {
        for (size_t i = 0; i < fields->n_items; i++)
                if (!strcmp(fields->items[i].name, STATE_FIELD_BAN))
                        return true;
        return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(user_state_unrefp) UserState *state = NULL, *remains = NULL;
        _cleanup_(state_change_clear) StateChange whole = { 0 };
        _cleanup_(state_fields_clear) StateFields fields = { 0 };

        read_fields(data, size, &fields);
        if (state_fields_salvage("default", "alice", &fields, &remains) != 0)
                return 0;
        if (has_ban(&fields) != (remains->ban_until_sec != 0) || remains->n_sessions > 0)
                __builtin_trap();
        if (state_fields_decode("default", "alice", &fields, &state) != 0)
                return 0;
        if (state->ban_until_sec != remains->ban_until_sec ||
                state->not_before_sec != remains->not_before_sec ||
                state->forgotten_sec != remains->forgotten_sec)
                __builtin_trap();
        /* What was read can be written, in as many fields. */
        if (state_change_make(&(UserState){ 0 }, state, &whole) == 0 &&
                whole.added.n_items != fields.n_items && fields.n_items > 0)
                __builtin_trap();
        return 0;
}
