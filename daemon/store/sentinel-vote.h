#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who is the master by the sentinels' answers, and whom to believe. Pure: answers in, an address
 * out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "daemon/store/redis-address.h"

enum {
        SENTINEL_VOTE_E_NONE = 1,  /* it does not watch a master of this name */
        SENTINEL_VOTE_E_INVALID,   /* not an answer; or no IP address and port */
        SENTINEL_VOTE_E_PLAINTEXT, /* beyond loopback, where others can read the traffic */
};

/* The answer of one sentinel. */
typedef struct SentinelVote {
        bool known; /* it has answered lately */
        RedisAddress master;
        uint64_t epoch; /* of the election that made it the master; 0: not known */
        bool refuted;   /* this master has just refused us, or said that it is a replica */
} SentinelVote;

/**
 * sentinel_vote_read_master() - read the answer to SENTINEL GET-MASTER-ADDR-BY-NAME
 * @reply:      whatever came
 * @allow_plaintext: take TCP beyond loopback
 * @ret_master: untouched on failure
 *
 * Return: 0; SENTINEL_VOTE_E_NONE, _INVALID, _PLAINTEXT.
 */
int sentinel_vote_read_master(
        const redisReply *reply, bool allow_plaintext, RedisAddress *ret_master);

/**
 * sentinel_vote_read_epoch() - read the answer to SENTINEL MASTER
 * @reply:      whatever came
 * @ret_epoch:  its "config-epoch"; untouched on failure
 *
 * Return: 0; SENTINEL_VOTE_E_INVALID.
 */
int sentinel_vote_read_epoch(const redisReply *reply, uint64_t *ret_epoch);

/**
 * sentinel_vote_agree() - whether all known answers are the same
 * @votes:      of the sentinels
 * @n:          of @votes
 */
bool sentinel_vote_agree(const SentinelVote *votes, size_t n);

/**
 * sentinel_vote_choose() - who is the master
 * @votes:      of all sentinels that are configured, known or not
 * @n:          of @votes
 * @present:    the master until now; NULL: none
 * @present_epoch: of its election; 0: not known
 *
 * The choice of more than half of all; then a single sentinel that is split off or bribed changes nothing. Without a
 * majority, the newest election, but none older than the present master's: a sentinel that comes back from a split still
 * names the master of before.
 *
 * Return: borrowed from @votes; NULL: no better master is known.
 */
const SentinelVote *sentinel_vote_choose(
        const SentinelVote *votes, size_t n, const RedisAddress *present, uint64_t present_epoch);
