/* SPDX-License-Identifier: MIT */

/*
 * Fills a Redis with the states of many users, written as the store writes them but many at a time, before a daemon
 * begins to use it. VALIDATE reads nothing else.
 */

#include <err.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/config/config.h"
#include "daemon/session/state-change.h"
#include "daemon/session/state-fields.h"
#include "daemon/session/user-state.h"
#include "daemon/store/redis-keys.h"
#include "tests/bench/bench-crowd.h"

#define N_USERS_MAX  10000000u
#define N_IN_FLIGHT  512u
#define FIELDS_MAX   4u
#define AGE_SEC      60u
#define LIFETIME_SEC 604800u

static Config *config;

static Session *make_session(uint64_t number) {
        Session *session = calloc(1, sizeof(*session));
        uint64_t now_sec = (uint64_t)time(NULL);

        if (!session)
                err(EXIT_FAILURE, "calloc");
        crowd_sid(number, session->sid);
        session->generation = 1;
        session->created_at_sec = now_sec - AGE_SEC;
        session->rotated_at_sec = session->created_at_sec;
        session->issued_at_sec = session->created_at_sec;
        session->token_end_sec = now_sec + LIFETIME_SEC;
        session->expires_at_sec = now_sec + LIFETIME_SEC;
        session->audience_json = strdup("[\"authtoken\"]");
        session->refresh_kid = strdup("bench");
        if (!session->audience_json || !session->refresh_kid)
                err(EXIT_FAILURE, "strdup");
        return session;
}

static UserState *make_state(uint64_t number) {
        char name[CROWD_NAME_SIZE];
        UserState *state;

        crowd_name(number, name);
        if (user_state_new(config->tenant, name, &state) < 0 ||
                user_state_add(state, make_session(number)) != 0)
                errx(EXIT_FAILURE, "no state of %s", name);
        state_version_make(&(StateVersion){ 0 }, config->tenant, name, number + 1, &state->version);
        return state;
}

static void append_state(redisContext *redis, uint64_t number) {
        _cleanup_(state_change_clear) StateChange change = { 0 };
        _cleanup_(user_state_unrefp) UserState *state = make_state(number);
        _cleanup_(freep) char *key =
                redis_key_user(config->store_prefix, config->tenant, state->user);
        const char *arguments[2 + 2 * FIELDS_MAX] = { "HSET", key };
        size_t n = 2;

        if (!key || state_change_make(&(UserState){ 0 }, state, &change) != 0 ||
                change.added.n_items > FIELDS_MAX)
                errx(EXIT_FAILURE, "cannot write a state");
        for (size_t i = 0; i < change.added.n_items; i++) {
                arguments[n++] = change.added.items[i].name;
                arguments[n++] = change.added.items[i].value;
        }
        if (redisAppendCommandArgv(redis, (int)n, arguments, NULL) != REDIS_OK)
                errx(EXIT_FAILURE, "%s", redis->errstr);
}

static void take_replies(redisContext *redis, uint64_t n) {
        for (uint64_t i = 0; i < n; i++) {
                redisReply *reply = NULL;

                if (redisGetReply(redis, (void **)&reply) != REDIS_OK || !reply ||
                        reply->type == REDIS_REPLY_ERROR)
                        errx(EXIT_FAILURE, "Redis: %s", reply ? reply->str : redis->errstr);
                freeReplyObject(reply);
        }
}

static void fill(redisContext *redis, uint64_t n_users) {
        for (uint64_t i = 0; i < n_users; i += N_IN_FLIGHT) {
                uint64_t n = n_users - i < N_IN_FLIGHT ? n_users - i : N_IN_FLIGHT;

                for (uint64_t k = 0; k < n; k++)
                        append_state(redis, i + k);
                take_replies(redis, n);
        }
}

int main(int argc, char **argv) {
        char message[CONFIG_MESSAGE_MAX];
        redisContext *redis;
        uint64_t n_users;

        if (argc != 3 || text_parse_u64(argv[2], N_USERS_MAX, &n_users) != 0)
                errx(2, "usage: %s REDIS-SOCKET USERS", argv[0]);
        if (config_parse("", 0, message, sizeof(message), &config) != 0)
                errx(EXIT_FAILURE, "%s", message);
        redis = redisConnectUnix(argv[1]);
        if (!redis || redis->err)
                errx(EXIT_FAILURE, "%s: cannot connect", argv[1]);
        fill(redis, n_users);
        redisFree(redis);
        config_free(config);
        return EXIT_SUCCESS;
}
