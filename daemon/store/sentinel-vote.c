/* SPDX-License-Identifier: MIT */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/sentinel-vote.h"

#define EPOCH_FIELD "config-epoch"

static bool is_text(const redisReply *reply) {
        return reply->type == REDIS_REPLY_STRING && strlen(reply->str) == reply->len;
}

int sentinel_vote_read_master(
        const redisReply *reply, bool allow_plaintext, RedisAddress *ret_master) {
        char text[REDIS_ADDRESS_TEXT_MAX + 1];
        const char *ip, *port;
        int size;

        if (reply->type == REDIS_REPLY_NIL)
                return SENTINEL_VOTE_E_NONE;
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
                !is_text(reply->element[0]) || !is_text(reply->element[1]))
                return SENTINEL_VOTE_E_INVALID;
        ip = reply->element[0]->str;
        port = reply->element[1]->str;
        size = snprintf(
                text, sizeof(text), strchr(ip, ':') ? "tcp:[%s]:%s" : "tcp:%s:%s", ip, port);
        if (size < 0 || (size_t)size >= sizeof(text))
                return SENTINEL_VOTE_E_INVALID;
        switch (redis_address_parse(text, allow_plaintext, ret_master)) {
        case 0:
                return 0;
        case REDIS_ADDRESS_E_PLAINTEXT:
                return SENTINEL_VOTE_E_PLAINTEXT;
        default:
                return SENTINEL_VOTE_E_INVALID;
        }
}

int sentinel_vote_read_epoch(const redisReply *reply, uint64_t *ret_epoch) {
        if (reply->type != REDIS_REPLY_ARRAY)
                return SENTINEL_VOTE_E_INVALID;
        for (size_t i = 0; i + 1 < reply->elements; i += 2) {
                const redisReply *name = reply->element[i], *value = reply->element[i + 1];

                if (!is_text(name) || strcmp(name->str, EPOCH_FIELD) != 0)
                        continue;
                return is_text(value) && text_parse_u64(value->str, INT64_MAX, ret_epoch) == 0
                               ? 0
                               : SENTINEL_VOTE_E_INVALID;
        }
        return SENTINEL_VOTE_E_INVALID;
}

static bool is_same(const RedisAddress *a, const RedisAddress *b) {
        return strcmp(a->text, b->text) == 0;
}

bool sentinel_vote_agree(const SentinelVote *votes, size_t n) {
        const SentinelVote *first = NULL;

        for (size_t i = 0; i < n; i++) {
                if (!votes[i].known)
                        continue;
                if (first && !is_same(&first->master, &votes[i].master))
                        return false;
                first = first ? first : &votes[i];
        }
        return true;
}

static size_t count(const SentinelVote *votes, size_t n, const RedisAddress *master) {
        size_t n_same = 0;

        for (size_t i = 0; i < n; i++)
                n_same += votes[i].known && is_same(&votes[i].master, master);
        return n_same;
}

/* The most important first; of two equal ones the first in the configuration wins. */
static bool is_better(
        const SentinelVote *vote, const SentinelVote *best, size_t n_for, size_t n_for_best) {
        if (vote->refuted != best->refuted)
                return best->refuted;
        if (vote->epoch != best->epoch)
                return vote->epoch > best->epoch;
        return n_for > n_for_best;
}

const SentinelVote *sentinel_vote_choose(
        const SentinelVote *votes, size_t n, const RedisAddress *present, uint64_t present_epoch) {
        const SentinelVote *best = NULL;
        size_t n_for_best = 0;

        for (size_t i = 0; i < n; i++) {
                const SentinelVote *vote = &votes[i];
                size_t n_for;

                if (!vote->known)
                        continue;
                n_for = count(votes, n, &vote->master);
                if (2 * n_for > n)
                        return vote;
                if (present && !is_same(&vote->master, present) && vote->epoch <= present_epoch)
                        continue;
                if (!best || is_better(vote, best, n_for, n_for_best)) {
                        best = vote;
                        n_for_best = n_for;
                }
        }
        return best;
}
