/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/store/redis-address.h"

static const struct {
        const char *name, *text;
        bool allow_plaintext;
        int result;
} cases[] = {
        { "a socket path", "unix:/run/redis/redis.sock", false, 0 },
        { "loopback", "tcp:127.0.0.1:6379", false, 0 },
        { "another loopback", "tcp:127.8.9.10:6379", false, 0 },
        { "loopback of IPv6", "tcp:[::1]:6379", false, 0 },
        { "the highest port", "tcp:127.0.0.1:65535", false, 0 },
        { "beyond loopback, allowed", "tcp:192.0.2.1:6379", true, 0 },
        { "IPv6 beyond loopback, allowed", "tcp:[2001:db8::1]:6379", true, 0 },

        { "beyond loopback", "tcp:192.0.2.1:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "IPv6 beyond loopback", "tcp:[2001:db8::1]:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "every interface", "tcp:0.0.0.0:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "every interface of IPv6", "tcp:[::]:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "the host in its own network", "tcp:192.168.0.1:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "just below loopback", "tcp:126.255.255.255:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "just above loopback", "tcp:128.0.0.1:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "link-local", "tcp:169.254.0.1:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "link-local of IPv6", "tcp:[fe80::1]:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "site-local of IPv6", "tcp:[fd00::1]:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "multicast of IPv6", "tcp:[ff02::1]:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "loopback within IPv6", "tcp:[::ffff:127.0.0.1]:6379", false, REDIS_ADDRESS_E_PLAINTEXT },
        { "loopback as it was once within IPv6", "tcp:[::127.0.0.1]:6379", false,
                REDIS_ADDRESS_E_PLAINTEXT },
        { "an interface named beside it", "tcp:[fe80::1%lo]:6379", true, REDIS_ADDRESS_E_INVALID },
        { "0 for every interface", "tcp:0:6379", true, REDIS_ADDRESS_E_INVALID },
        { "a number for loopback", "tcp:2130706433:6379", true, REDIS_ADDRESS_E_INVALID },
        { "IPv4 within IPv6", "tcp:[::ffff:192.0.2.1]:6379", false, REDIS_ADDRESS_E_PLAINTEXT },

        { "nothing", "", true, REDIS_ADDRESS_E_INVALID },
        { "no scheme", "127.0.0.1:6379", true, REDIS_ADDRESS_E_INVALID },
        { "a URL", "redis://127.0.0.1:6379", true, REDIS_ADDRESS_E_INVALID },
        { "another scheme", "tls:127.0.0.1:6379", true, REDIS_ADDRESS_E_INVALID },
        { "a name", "tcp:localhost:6379", true, REDIS_ADDRESS_E_INVALID },
        { "no port", "tcp:127.0.0.1", true, REDIS_ADDRESS_E_INVALID },
        { "an empty port", "tcp:127.0.0.1:", true, REDIS_ADDRESS_E_INVALID },
        { "port 0", "tcp:127.0.0.1:0", true, REDIS_ADDRESS_E_INVALID },
        { "a port too high", "tcp:127.0.0.1:65536", true, REDIS_ADDRESS_E_INVALID },
        { "a port with a sign", "tcp:127.0.0.1:+6379", true, REDIS_ADDRESS_E_INVALID },
        { "a port with a tail", "tcp:127.0.0.1:6379/0", true, REDIS_ADDRESS_E_INVALID },
        { "half an address", "tcp:127.1:6379", true, REDIS_ADDRESS_E_INVALID },
        { "IPv6 without brackets", "tcp:::1:6379", true, REDIS_ADDRESS_E_INVALID },
        { "brackets around IPv4", "tcp:[127.0.0.1]:6379", true, REDIS_ADDRESS_E_INVALID },
        { "one bracket", "tcp:[::1:6379", true, REDIS_ADDRESS_E_INVALID },
        { "empty brackets", "tcp:[]:6379", true, REDIS_ADDRESS_E_INVALID },
        { "only a bracket", "tcp:[:6379", true, REDIS_ADDRESS_E_INVALID },
        { "an address too long",
                "tcp:[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:6379", true,
                REDIS_ADDRESS_E_INVALID },
        { "a relative path", "unix:redis.sock", false, REDIS_ADDRESS_E_INVALID },
        { "no path", "unix:", false, REDIS_ADDRESS_E_INVALID },
};

static void test_addresses(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                RedisAddress address;

                if (redis_address_parse(cases[i].text, cases[i].allow_plaintext, &address) !=
                        cases[i].result)
                        fail_msg("wrong: %s", cases[i].name);
                if (cases[i].result == 0)
                        assert_string_equal(address.text, cases[i].text);
        }
}

static void test_a_path_is_as_long_as_the_system_takes(void **state) {
        char text[256] = "unix:/";
        RedisAddress address;

        (void)state;
        memset(text + 6, 'a', 106);
        assert_int_equal(redis_address_parse(text, false, &address), 0);
        assert_int_equal(strlen(((struct sockaddr_un *)&address.socket)->sun_path), 107);
        text[112] = 'a';
        assert_int_equal(redis_address_parse(text, false, &address), REDIS_ADDRESS_E_INVALID);
        memset(text + 6, 'a', sizeof(text) - 7);
        assert_int_equal(redis_address_parse(text, false, &address), REDIS_ADDRESS_E_INVALID);
}

static void test_an_address_is_what_it_says(void **state) {
        const struct sockaddr_in *inet4;
        const struct sockaddr_in6 *inet6;
        const struct sockaddr_un *path;
        RedisAddress address;

        (void)state;
        assert_int_equal(redis_address_parse("tcp:192.0.2.1:6380", true, &address), 0);
        inet4 = (const struct sockaddr_in *)&address.socket;
        assert_int_equal(inet4->sin_family, AF_INET);
        assert_int_equal(ntohs(inet4->sin_port), 6380);
        assert_int_equal(ntohl(inet4->sin_addr.s_addr), 0xc0000201);
        assert_int_equal(redis_address_parse("tcp:[::1]:6381", true, &address), 0);
        inet6 = (const struct sockaddr_in6 *)&address.socket;
        assert_int_equal(inet6->sin6_family, AF_INET6);
        assert_int_equal(ntohs(inet6->sin6_port), 6381);
        assert_true(IN6_IS_ADDR_LOOPBACK(&inet6->sin6_addr));
        assert_int_equal(redis_address_parse("unix:/run/a:b", true, &address), 0);
        path = (const struct sockaddr_un *)&address.socket;
        assert_int_equal(path->sun_family, AF_UNIX);
        assert_string_equal(path->sun_path, "/run/a:b");
}

static const struct {
        const char *name, *text;
        bool allow_plaintext;
        int result;
        size_t n;
} lists[] = {
        { "one", "unix:/a", false, 0, 1 },
        { "three, with more spaces than are needed", "  unix:/a tcp:127.0.0.1:1   unix:/b ", false,
                0, 3 },
        { "as many as there may be",
                "unix:/1 unix:/2 unix:/3 unix:/4 unix:/5 unix:/6 unix:/7 unix:/8 "
                "unix:/9",
                false, 0, 9 },
        { "one more",
                "unix:/1 unix:/2 unix:/3 unix:/4 unix:/5 unix:/6 unix:/7 unix:/8 unix:/9 unix:/a",
                false, REDIS_ADDRESS_E_INVALID, 0 },
        { "none", "", false, REDIS_ADDRESS_E_INVALID, 0 },
        { "only spaces", "  ", false, REDIS_ADDRESS_E_INVALID, 0 },
        { "one twice", "unix:/a unix:/b unix:/a", false, REDIS_ADDRESS_E_INVALID, 0 },
        { "a comma", "tcp:127.0.0.1:1,tcp:127.0.0.1:2", false, REDIS_ADDRESS_E_INVALID, 0 },
        { "one of them beyond loopback", "unix:/a tcp:192.0.2.1:1", false,
                REDIS_ADDRESS_E_PLAINTEXT, 0 },
        { "one of them beyond loopback, allowed", "unix:/a tcp:192.0.2.1:1", true, 0, 2 },
};

static void test_lists(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                RedisAddress addresses[REDIS_SENTINELS_MAX];
                size_t n = 0;
                int r = redis_addresses_parse(
                        lists[i].text, lists[i].allow_plaintext, addresses, &n);

                if (r != lists[i].result || n != lists[i].n)
                        fail_msg("%s: %d, %zu", lists[i].name, r, n);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_a_path_is_as_long_as_the_system_takes),
                cmocka_unit_test(test_an_address_is_what_it_says),
                cmocka_unit_test(test_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
