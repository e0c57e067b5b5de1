/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/store/redis-replicas.h"

#define ID "0123456789abcdef0123456789abcdef01234567"

static const struct {
        const char *name, *text, *stream;
} cases[] = {
        { "a master",
                "# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_replid:" ID
                "\r\nmaster_replid2:ffff\r\n",
                ID },
        { "a replica", "# Replication\r\nrole:slave\r\nmaster_replid:" ID "\r\n", "" },
        { "a master without an id", "role:master\r\nmaster_replid2:" ID "\r\n", "" },
        { "an id that is cut", "role:master\r\nmaster_replid:0123\r\n", "" },
        { "an id that goes on", "role:master\r\nmaster_replid:" ID "0\r\n", "" },
        { "an id with other signs", "role:master\r\nmaster_replid:0123456789ABCDEF\r\n", "" },
        { "the name in a value", "role:master\r\nx:master_replid:" ID "\r\n", "" },
        { "nothing", "", "" },
};

static void test_the_id_of_a_stream(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char stream[REDIS_STREAM_ID_SIZE + 1] = "before";

                redis_replicas_read_stream(cases[i].text, stream);
                if (strcmp(stream, cases[i].stream) != 0)
                        fail_msg("%s: %s", cases[i].name, stream);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_id_of_a_stream),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
