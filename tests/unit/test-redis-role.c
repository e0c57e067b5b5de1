/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/store/redis-role.h"

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
        RedisRoleKind kind;
        unsigned int n_replicas;
} roles[] = {
        { "a master", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n", REDIS_ROLE_MASTER, 0 },
        { "a master of two",
                "*3\r\n$6\r\nmaster\r\n:1\r\n*2\r\n*3\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\n0\r\n*3\r\n$"
                "1\r\nb\r\n$1"
                "\r\n1\r\n$1\r\n0\r\n",
                REDIS_ROLE_MASTER, 2 },
        { "a replica", "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:0\r\n",
                REDIS_ROLE_REPLICA, 0 },
        { "a sentinel", "*2\r\n$8\r\nsentinel\r\n*0\r\n", REDIS_ROLE_SENTINEL, 0 },
        { "a word that nobody knows", "*1\r\n$5\r\nhello\r\n", REDIS_ROLE_UNKNOWN, 0 },
        { "an error", "-NOPERM this user has no permissions\r\n", REDIS_ROLE_UNKNOWN, 0 },
        { "an array of nothing", "*0\r\n", REDIS_ROLE_UNKNOWN, 0 },
        { "a text", "$6\r\nmaster\r\n", REDIS_ROLE_UNKNOWN, 0 },
        { "an array of arrays", "*1\r\n*0\r\n", REDIS_ROLE_UNKNOWN, 0 },
};

static void test_what_a_server_is(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
                redisReply *reply = parse(roles[i].reply);
                unsigned int n_replicas = 99;
                RedisRoleKind kind = redis_role_read(reply, &n_replicas);

                if (kind != roles[i].kind || n_replicas != roles[i].n_replicas)
                        fail_msg("%s: %d, %u", roles[i].name, (int)kind, n_replicas);
                if (kind != REDIS_ROLE_MASTER)
                        assert_true(*redis_role_fault(kind));
                freeReplyObject(reply);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_a_server_is),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
