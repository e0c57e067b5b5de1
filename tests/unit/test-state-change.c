/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/session/state-change.h"
#include "daemon/session/state-end.h"
#include "daemon/session/state-fields.h"
#include "daemon/session/user-state.h"
#include "tests/edit-session.h"
#include "tests/moment-at.h"

#define NOW      UINT64_C(1800000000)
#define N_WALKS  200u
#define N_STEPS  40u
#define SEED     4711u
#define SESSIONS 12u

/* The same walks each time. */
static unsigned int roll(unsigned int sides) {
        static uint32_t state = SEED;

        state = state * 1664525u + 1013904223u;
        return (state >> 16) % sides;
}

static void make_id(char id[SID_SIZE + 1], unsigned int number) {
        snprintf(id, SID_SIZE + 1, "%021uA", number);
}

static void add_session(UserState *state, unsigned int number) {
        Session *session = calloc(1, sizeof(*session));

        assert_non_null(session);
        make_id(session->sid, number);
        session->generation = 1;
        session->created_at_sec = NOW + number;
        session->issued_at_sec = NOW + number;
        session->token_end_sec = NOW + 10000;
        session->expires_at_sec = NOW + 20000;
        assert_int_equal(user_state_add(state, session), 0);
}

static void add_code(UserState *state, const char *sid, unsigned int number) {
        LoginCode code = { .generation = 1, .issued_at_sec = NOW, .end_sec = NOW + number };

        memcpy(code.sid, sid, SID_SIZE);
        make_id(code.mac, number);
        (void)user_state_add_code(state, &code);
}

/* One of everything that can happen to a state. */
static void step(UserState *state, unsigned int *next) {
        const Session *any =
                state->n_sessions ? state->sessions[roll((unsigned int)state->n_sessions)] : NULL;

        switch (roll(10)) {
        case 0:
        case 1:
                if (state->n_sessions < SESSIONS)
                        add_session(state, (*next)++);
                return;
        case 2:
                if (any)
                        user_state_end(state, any->sid, REASON_SESSION_REVOKED, NOW + *next);
                return;
        case 3:
        case 4:
                if (any)
                        edit_session(state, any->sid)->generation++;
                return;
        case 5:
                if (any)
                        add_code(state, any->sid, (*next)++);
                return;
        case 6:
                if (state->n_codes)
                        user_state_drop_code(state, state->codes[0].mac);
                return;
        case 7:
                state->not_before_sec = roll(2) ? NOW + *next : 0;
                return;
        case 8:
                state->ban_until_sec = roll(2) ? UINT64_MAX : 0;
                free(TAKE_PTR(state->ban_reason));
                if (state->ban_until_sec && roll(2))
                        state->ban_reason = strdup("left");
                return;
        default:
                user_state_prune(state, MOMENT_AT(NOW + roll(40)));
        }
}

static StateField *find(StateFields *fields, const char *name) {
        for (size_t i = 0; i < fields->n_items; i++)
                if (strcmp(fields->items[i].name, name) == 0)
                        return &fields->items[i];
        return NULL;
}

static void put(StateFields *stored, const StateField *field) {
        assert_int_equal(
                state_fields_add(stored, field->name, field->value, strlen(field->value)), 0);
}

static void take_out(StateFields *stored, const char *name) {
        StateField *field = find(stored, name);

        assert_non_null(field);
        free(field->name);
        free(field->value);
        *field = stored->items[--stored->n_items];
}

/* What a store does, with each of its expectations. */
static void apply(StateFields *stored, const StateChange *change) {
        for (size_t i = 0; i < change->gone.n_items; i++)
                take_out(stored, change->gone.items[i].name);
        for (size_t i = 0; i < change->changed.n_items; i++) {
                take_out(stored, change->changed.items[i].name);
                put(stored, &change->changed.items[i]);
        }
        for (size_t i = 0; i < change->added.n_items; i++) {
                assert_null(find(stored, change->added.items[i].name));
                put(stored, &change->added.items[i]);
        }
}

static void assert_same(StateFields *stored, const UserState *state) {
        _cleanup_(state_change_clear) StateChange whole = { 0 };

        assert_int_equal(state_change_make(&(UserState){ 0 }, state, &whole), 0);
        assert_int_equal(stored->n_items, whole.added.n_items);
        for (size_t i = 0; i < whole.added.n_items; i++) {
                const StateField *field = find(stored, whole.added.items[i].name);

                assert_non_null(field);
                assert_string_equal(field->value, whole.added.items[i].value);
        }
}

static bool brings(const UserState *before, const UserState *after) {
        bool found = true;

        for (size_t i = 0; i < after->n_sessions && found; i++)
                found = user_state_find(before, after->sessions[i]->sid);
        for (size_t i = 0; i < after->n_codes && found; i++) {
                bool same = false;

                for (size_t j = 0; j < before->n_codes; j++)
                        same = same || !strcmp(before->codes[j].mac, after->codes[i].mac);
                found = same;
        }
        return !found;
}

static void walk(void) {
        _cleanup_(state_fields_clear) StateFields stored = { 0 };
        UserState *before;
        unsigned int next = 1;

        assert_int_equal(user_state_new("default", "alice", &before), 0);
        for (unsigned int i = 0; i < N_STEPS; i++) {
                _cleanup_(state_change_clear) StateChange change = { 0 };
                UserState *after;

                assert_int_equal(user_state_copy(before, &after), 0);
                for (unsigned int n = roll(4) + 1; n > 0; n--)
                        step(after, &next);
                after->version =
                        (StateVersion){ .incarnation = 7, .counter = before->version.counter + 1 };
                assert_int_equal(state_change_make(before, after, &change), 0);
                assert_int_equal(change.n_before, stored.n_items);
                assert_int_equal(change.brings, brings(before, after));
                apply(&stored, &change);
                assert_same(&stored, after);
                user_state_unref(before);
                before = after;
        }
        user_state_unref(before);
}

static void test_the_changes_of_any_walk_add_up_to_its_end(void **unused) {
        (void)unused;
        for (unsigned int i = 0; i < N_WALKS; i++)
                walk();
}

static void test_a_refresh_writes_one_session_and_the_version(void **unused) {
        _cleanup_(user_state_unrefp) UserState *before = NULL, *after = NULL;
        _cleanup_(state_change_clear) StateChange change = { 0 };

        (void)unused;
        assert_int_equal(user_state_new("default", "alice", &before), 0);
        for (unsigned int i = 0; i < SESSIONS; i++)
                add_session(before, i);
        before->version = (StateVersion){ .incarnation = 7, .counter = 1 };
        assert_int_equal(user_state_copy(before, &after), 0);
        after->version.counter++;
        edit_session(after, before->sessions[3]->sid)->generation++;
        assert_int_equal(state_change_make(before, after, &change), 0);
        assert_int_equal(change.added.n_items, 0);
        assert_int_equal(change.gone.n_items, 0);
        assert_int_equal(change.changed.n_items, 2);
        assert_string_equal(change.changed.items[0].name, "v");
        assert_false(change.brings);
        /* The stored one is what it was. */
        assert_int_equal(before->sessions[3]->generation, 1);
}

static void test_what_stays_counts_for_the_size_as_well(void **unused) {
        _cleanup_(user_state_unrefp) UserState *before = NULL, *after = NULL;
        _cleanup_(state_change_clear) StateChange change = { 0 };
        char *name = calloc(1, STATE_FIELDS_SIZE_MAX);

        (void)unused;
        assert_non_null(name);
        memset(name, 'x', STATE_FIELDS_SIZE_MAX - 1);
        assert_int_equal(user_state_new("default", "alice", &before), 0);
        add_session(before, 1);
        before->version = (StateVersion){ .incarnation = 7, .counter = 1 };
        edit_session(before, before->sessions[0]->sid)->name = name;
        assert_int_equal(user_state_copy(before, &after), 0);
        after->version.counter++;
        add_session(after, 2);
        assert_int_equal(state_change_make(before, after, &change), -EMSGSIZE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_changes_of_any_walk_add_up_to_its_end),
                cmocka_unit_test(test_a_refresh_writes_one_session_and_the_version),
                cmocka_unit_test(test_what_stays_counts_for_the_size_as_well),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
