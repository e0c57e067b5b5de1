/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/store/sentinel-vote.h"

#define N_VOTES 3u

static redisReply *parse(const char *text) {
        redisReader *reader = redisReaderCreate();
        void *reply = NULL;

        assert_int_equal(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
        assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
        assert_non_null(reply);
        redisReaderFree(reader);
        return reply;
}

static const struct {
        const char *name, *reply;
        bool allow_plaintext;
        int result;
        const char *address;
} masters[] = {
        { "an address", "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n", false, 0, "tcp:127.0.0.1:6379" },
        { "an address of IPv6", "*2\r\n$3\r\n::1\r\n$4\r\n6379\r\n", false, 0, "tcp:[::1]:6379" },
        { "another host, allowed", "*2\r\n$9\r\n192.0.2.1\r\n$1\r\n1\r\n", true, 0,
                "tcp:192.0.2.1:1" },
        { "another host", "*2\r\n$9\r\n192.0.2.1\r\n$1\r\n1\r\n", false, SENTINEL_VOTE_E_PLAINTEXT,
                NULL },
        { "no master of this name", "*-1\r\n", false, SENTINEL_VOTE_E_NONE, NULL },
        { "no string", "$-1\r\n", false, SENTINEL_VOTE_E_NONE, NULL },
        { "a host's name", "*2\r\n$9\r\nlocalhost\r\n$4\r\n6379\r\n", false,
                SENTINEL_VOTE_E_INVALID, NULL },
        { "a port that is none", "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n65536\r\n", false,
                SENTINEL_VOTE_E_INVALID, NULL },
        { "port 0", "*2\r\n$9\r\n127.0.0.1\r\n$1\r\n0\r\n", false, SENTINEL_VOTE_E_INVALID, NULL },
        { "a port as a number", "*2\r\n$9\r\n127.0.0.1\r\n:6379\r\n", false,
                SENTINEL_VOTE_E_INVALID, NULL },
        { "one element", "*1\r\n$9\r\n127.0.0.1\r\n", false, SENTINEL_VOTE_E_INVALID, NULL },
        { "three elements", "*3\r\n$9\r\n127.0.0.1\r\n$1\r\n1\r\n$1\r\n1\r\n", false,
                SENTINEL_VOTE_E_INVALID, NULL },
        { "no elements", "*0\r\n", false, SENTINEL_VOTE_E_INVALID, NULL },
        { "a nil in it", "*2\r\n$-1\r\n$4\r\n6379\r\n", false, SENTINEL_VOTE_E_INVALID, NULL },
        { "an error", "-NOAUTH Authentication required.\r\n", false, SENTINEL_VOTE_E_INVALID,
                NULL },
        { "an empty address", "*2\r\n$0\r\n\r\n$4\r\n6379\r\n", false, SENTINEL_VOTE_E_INVALID,
                NULL },
        { "a path", "*2\r\n$6\r\n/run/r\r\n$1\r\n1\r\n", true, SENTINEL_VOTE_E_INVALID, NULL },
};

static void test_who_the_master_is_said_to_be(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(masters); i++) {
                redisReply *reply = parse(masters[i].reply);
                RedisAddress address = { 0 };
                int r = sentinel_vote_read_master(reply, masters[i].allow_plaintext, &address);

                if (r != masters[i].result ||
                        strcmp(address.text, masters[i].address ? masters[i].address : "") != 0)
                        fail_msg("%s: %d %s", masters[i].name, r, address.text);
                freeReplyObject(reply);
        }
}

static void test_a_long_address_is_none(void **unused) {
        char text[300], ip[201];
        RedisAddress address = { 0 };
        redisReply *reply;

        (void)unused;
        memset(ip, '1', sizeof(ip) - 1);
        ip[sizeof(ip) - 1] = '\0';
        snprintf(text, sizeof(text), "*2\r\n$200\r\n%s\r\n$1\r\n1\r\n", ip);
        reply = parse(text);
        assert_int_equal(sentinel_vote_read_master(reply, true, &address), SENTINEL_VOTE_E_INVALID);
        freeReplyObject(reply);
}

static void test_a_null_byte_is_no_part_of_an_address(void **unused) {
        static const char text[] = "*2\r\n$11\r\n127.0.0.1\0x\r\n$1\r\n1\r\n";
        redisReader *reader = redisReaderCreate();
        RedisAddress address = { 0 };
        void *reply = NULL;

        (void)unused;
        assert_int_equal(redisReaderFeed(reader, text, sizeof(text) - 1), REDIS_OK);
        assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
        assert_int_equal(sentinel_vote_read_master(reply, true, &address), SENTINEL_VOTE_E_INVALID);
        freeReplyObject(reply);
        redisReaderFree(reader);
}

static const struct {
        const char *name, *reply;
        int result;
        uint64_t epoch;
} epochs[] = {
        { "among other fields",
                "*4\r\n$4\r\nname\r\n$1\r\na\r\n$12\r\nconfig-epoch\r\n$2\r\n12\r\n", 0, 12 },
        { "none yet", "*2\r\n$12\r\nconfig-epoch\r\n$1\r\n0\r\n", 0, 0 },
        { "as a value", "*2\r\n$1\r\na\r\n$12\r\nconfig-epoch\r\n", SENTINEL_VOTE_E_INVALID, 0 },
        { "without a value", "*1\r\n$12\r\nconfig-epoch\r\n", SENTINEL_VOTE_E_INVALID, 0 },
        { "no number", "*2\r\n$12\r\nconfig-epoch\r\n$1\r\nx\r\n", SENTINEL_VOTE_E_INVALID, 0 },
        { "below zero", "*2\r\n$12\r\nconfig-epoch\r\n$2\r\n-1\r\n", SENTINEL_VOTE_E_INVALID, 0 },
        { "above all", "*2\r\n$12\r\nconfig-epoch\r\n$20\r\n18446744073709551615\r\n",
                SENTINEL_VOTE_E_INVALID, 0 },
        { "not there", "*2\r\n$4\r\nname\r\n$1\r\na\r\n", SENTINEL_VOTE_E_INVALID, 0 },
        { "an error", "-ERR No such master with that name\r\n", SENTINEL_VOTE_E_INVALID, 0 },
        { "an array in it", "*2\r\n*0\r\n*0\r\n", SENTINEL_VOTE_E_INVALID, 0 },
};

static void test_the_epoch_of_an_election(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(epochs); i++) {
                redisReply *reply = parse(epochs[i].reply);
                uint64_t epoch = 0;
                int r = sentinel_vote_read_epoch(reply, &epoch);

                if (r != epochs[i].result || epoch != epochs[i].epoch)
                        fail_msg("%s: %d", epochs[i].name, r);
                freeReplyObject(reply);
        }
}

/* A letter for each sentinel: whom it names; '-': it does not answer. */
static const struct {
        const char *name, *votes;
        uint64_t epochs[N_VOTES];
        const char *refuted; /* those of whom the master is */
        char present;        /* '-': none */
        uint64_t present_epoch;
        char chosen;
} elections[] = {
        { "all say the same", "AAA", { 1, 1, 1 }, "", '-', 0, 'A' },
        { "nobody answers", "---", { 0 }, "", 'A', 1, '-' },
        { "one of three is enough while the others are silent", "-A-", { 0 }, "", '-', 0, 'A' },
        { "one of three is not believed against two", "BAA", { 9, 1, 1 }, "", 'A', 1, 'A' },
        { "not even when the master of the two does not answer", "BAA", { 9, 1, 1 }, "A", 'A', 1,
                'A' },
        { "two of three are believed against the present master", "ABB", { 1, 2, 2 }, "", 'A', 1,
                'B' },
        { "two of three are believed even of an older election", "BB-", { 1, 1, 0 }, "", 'A', 5,
                'B' },
        { "of two that differ the newer election counts", "AB-", { 1, 2, 0 }, "", 'A', 1, 'B' },
        { "in either order", "BA-", { 2, 1, 0 }, "", 'A', 1, 'B' },
        { "a sentinel that comes back from a split is late", "A--", { 1, 0, 0 }, "", 'B', 2, '-' },
        { "even when the present master does not answer", "A--", { 1, 0, 0 }, "B", 'B', 2, '-' },
        { "without an epoch it is not newer", "A--", { 0, 0, 0 }, "", 'B', 0, '-' },
        { "a lone one that knows a newer election is believed", "B--", { 3, 0, 0 }, "", 'A', 2,
                'B' },
        { "of three that differ the newest election counts", "ABC", { 1, 3, 2 }, "", 'A', 1, 'B' },
        { "unless its master refuses us", "ABC", { 1, 3, 2 }, "B", 'A', 1, 'C' },
        { "a refuted master is better than none", "-B-", { 0, 3, 0 }, "B", '-', 0, 'B' },
        { "at the start the newest election counts", "AB-", { 4, 3, 0 }, "", '-', 0, 'A' },
};

static void set_master(RedisAddress *address, char letter) {
        *address = (RedisAddress){ 0 };
        address->text[0] = letter;
}

static void test_whom_to_believe(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(elections); i++) {
                SentinelVote votes[N_VOTES] = { 0 };
                const SentinelVote *chosen;
                RedisAddress present;

                set_master(&present, elections[i].present);
                for (size_t n = 0; n < N_VOTES; n++) {
                        votes[n].known = elections[i].votes[n] != '-';
                        set_master(&votes[n].master, elections[i].votes[n]);
                        votes[n].epoch = elections[i].epochs[n];
                        votes[n].refuted = strchr(elections[i].refuted, elections[i].votes[n]);
                }
                chosen = sentinel_vote_choose(votes, N_VOTES,
                        elections[i].present == '-' ? NULL : &present, elections[i].present_epoch);
                if ((chosen ? chosen->master.text[0] : '-') != elections[i].chosen)
                        fail_msg("%s: %s", elections[i].name,
                                chosen ? chosen->master.text : "nobody");
        }
}

static void test_agreement(void **unused) {
        SentinelVote votes[N_VOTES] = { 0 };

        (void)unused;
        assert_true(sentinel_vote_agree(votes, N_VOTES));
        for (size_t n = 0; n < N_VOTES; n++)
                set_master(&votes[n].master, n == 0 ? 'B' : 'A');
        votes[1].known = votes[2].known = true;
        assert_true(sentinel_vote_agree(votes, N_VOTES));
        votes[0].known = true;
        assert_false(sentinel_vote_agree(votes, N_VOTES));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_who_the_master_is_said_to_be),
                cmocka_unit_test(test_a_long_address_is_none),
                cmocka_unit_test(test_a_null_byte_is_no_part_of_an_address),
                cmocka_unit_test(test_the_epoch_of_an_election),
                cmocka_unit_test(test_whom_to_believe),
                cmocka_unit_test(test_agreement),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
