/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-case.h"

#define DAY_SEC UINT64_C(86400)

#define PLAINTEXT                                                                                 \
        "configuration:3: tcp: to another host shows the sessions to the network; it is allowed " \
        "with AllowPlaintext=yes only"

static const ConfigCase agreement[] = {
        { "redis without an address is refused", "[Store]\nType=redis\n",
                "configuration:2: Type=redis needs an Address= in [Store]" },
        { "an address without redis is refused", "[Store]\nAddress=unix:/r\n",
                "configuration:2: Address= is allowed with Type=redis only" },
        { "redis by a socket is fine", "[Store]\nType=redis\nAddress=unix:/r\n", NULL },
        { "redis by loopback is fine", "[Store]\nType=redis\nAddress=tcp:127.0.0.1:6379\n", NULL },
        { "redis by the other loopback is fine", "[Store]\nType=redis\nAddress=tcp:[::1]:6379\n",
                NULL },
        { "redis by the network is refused", "[Store]\nType=redis\nAddress=tcp:10.0.0.1:6379\n",
                PLAINTEXT },
        { "redis by the network of IPv6 is refused",
                "[Store]\nType=redis\nAddress=tcp:[2001:db8::1]:6379\n", PLAINTEXT },
        { "redis by the network is fine for who wants it",
                "[Store]\nType=redis\nAddress=tcp:10.0.0.1:6379\nAllowPlaintext=yes\n", NULL },
        { "sentinels in place of an address are fine",
                "[Store]\nType=redis\nSentinels=tcp:127.0.0.1:26379 unix:/s\n", NULL },
        { "an address beside the sentinels is refused",
                "[Store]\nType=redis\nAddress=unix:/r\nSentinels=unix:/s\n",
                "configuration:4: Address= is not allowed with Sentinels=, which name the master" },
        { "sentinels without redis are refused", "[Store]\nSentinels=unix:/s\n",
                "configuration:2: Sentinels= is allowed with Type=redis only" },
        { "sentinels in the network are refused",
                "[Store]\nType=redis\nSentinels=unix:/s tcp:10.0.0.1:26379\n",
                "configuration:3: Sentinels= on other hosts name a master on another host; that is "
                "allowed with AllowPlaintext=yes only" },
        { "sentinels in the network are fine for who wants them",
                "[Store]\nType=redis\nSentinels=tcp:10.0.0.1:26379\nAllowPlaintext=yes\n", NULL },
        { "a sentinel's password without sentinels is refused",
                "[Store]\nType=redis\nAddress=unix:/r\nSentinelPasswordFile=/p\n",
                "configuration:4: SentinelPasswordFile= is allowed with Sentinels= only" },
        { "a sentinel's user whose password may come as a credential is fine",
                "[Store]\nType=redis\nSentinels=unix:/s\nSentinelUsername=a\n", NULL },
        { "to wait for replicas without redis is refused", "[Store]\nWaitReplicas=1\n",
                "configuration:2: WaitReplicas= is allowed with Type=redis only" },
        { "a password without redis is refused", "[Store]\nPasswordFile=/p\n",
                "configuration:2: PasswordFile= is allowed with Type=redis only" },
        { "a user whose password may come as a credential is fine",
                "[Store]\nType=redis\nAddress=unix:/r\nUsername=a\n", NULL },
        { "durable without syncing is refused", "[Store]\nRequireDurable=yes\nSynchronous=off\n",
                "configuration:3: Synchronous=off is not allowed with "
                "RequireDurable=yes" },
        { "a lifetime above its maximum is refused", "[Token]\nLifetime=2d\n",
                "configuration:2: Lifetime= must be at most MaxLifetime=" },
        { "a maximum below the default lifetime is refused", "[Token]\nMaxLifetime=1min\n",
                "configuration:2: Lifetime= must be at most MaxLifetime=" },
        { "a lifetime that equals its maximum is fine", "[Token]\nLifetime=2d\nMaxLifetime=2d\n",
                NULL },
        { "a session shorter than its tokens is refused", "[Session]\nAbsoluteLifetime=1min\n",
                "configuration:2: AbsoluteLifetime= in [Session] must be at least "
                "Lifetime= in [Token]" },
        { "more connections of one than of all are refused", "[Limits]\nConnections=63\n",
                "configuration:2: ConnectionsPerUid= must be at most Connections=" },
};

static void test_agreement(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(agreement); i++)
                config_case_check(&agreement[i]);
}

static void test_defaults(void **unused) {
        _cleanup_(config_freep) Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX];

        (void)unused;
        assert_int_equal(config_parse("", 0, message, sizeof(message), &config), 0);
        assert_string_equal(config->socket_path, "/run/authtoken/pam.sock");
        assert_string_equal(config->runtime_directory, "/run/authtokend");
        assert_string_equal(config->state_directory, "/var/lib/authtoken");
        assert_int_equal(config->bus, BUS_SYSTEM);
        assert_int_equal(config->log_target, JOURNAL_AUTO);
        assert_int_equal(config->log_level, LOG_INFO);
        assert_string_equal(config->issuer, "authtoken");
        assert_string_equal(config->audience, "authtoken");
        assert_int_equal(config->lifetime_sec, 900);
        assert_int_equal(config->max_lifetime_sec, DAY_SEC);
        assert_int_equal(config->leeway_sec, 30);
        assert_int_equal(config->max_size, 8192);
        assert_string_equal(config->key_directory, "/var/lib/authtoken/keys");
        assert_null(config->signing_kid);
        assert_string_equal(config->key_algorithm, "ES256");
        assert_int_equal(config->store_type, STORE_SQLITE);
        assert_string_equal(config->store_path, "/var/lib/authtoken/state.db");
        assert_null(config->store_address);
        assert_null(config->store_username);
        assert_null(config->store_password_file);
        assert_string_equal(config->store_prefix, "authtoken");
        assert_string_equal(config->tenant, "default");
        assert_int_equal(config->store_database, 0);
        assert_int_equal(config->store_timeout_usec, 1000000);
        assert_false(config->store_require_durable);
        assert_false(config->store_allow_plaintext);
        assert_false(config->store_no_sync);
        assert_null(config->store_sentinels);
        assert_string_equal(config->store_sentinel_name, "mymaster");
        assert_null(config->store_sentinel_username);
        assert_null(config->store_sentinel_password_file);
        assert_int_equal(config->store_wait_replicas, 0);
        assert_int_equal(config->store_wait_timeout_usec, 1000000);
        assert_int_equal(config->policy.absolute_lifetime_sec, 7 * DAY_SEC);
        assert_int_equal(config->policy.max_sessions, 64);
        assert_int_equal(config->policy.on_kick, KICK_TERMINATE);
        assert_int_equal(config->policy.kick_grace_usec, 0);
        assert_int_equal(config->policy.kick_scope, KICK_SCOPE_SESSION);
        assert_int_equal(config->connections_per_uid, 64);
        assert_int_equal(config->connections, 16384);
        assert_int_equal(config->handshake_timeout_usec, 5000000);
}

/* No value is the default, and no two of one type are the same: a row that fills its neighbour's
 * place does not go unseen. */
static const char everything[] = "[Daemon]\n"
                                 "Socket=/a\n"
                                 "RuntimeDirectory=/b\n"
                                 "StateDirectory=/c\n"
                                 "Bus=none\n"
                                 "LogTarget=stderr\n"
                                 "LogLevel=debug\n"
                                 "[Token]\n"
                                 "Issuer=https://i.example/\n"
                                 "Audience=d\n"
                                 "Lifetime=1h 1min\n"
                                 "MaxLifetime=1w\n"
                                 "Leeway=1\n"
                                 "MaxSize=4096\n"
                                 "[Keys]\n"
                                 "Directory=/e\n"
                                 "SigningKey=f\n"
                                 "Algorithm=EdDSA\n"
                                 "[Store]\n"
                                 "Type=redis\n"
                                 "Path=/g\n"
                                 "Sentinels=unix:/h tcp:127.0.0.1:4\n"
                                 "SentinelName=h2\n"
                                 "SentinelUsername=h3\n"
                                 "SentinelPasswordFile=/h4\n"
                                 "WaitReplicas=2\n"
                                 "WaitTimeout=350ms\n"
                                 "Database=5\n"
                                 "Username=i\n"
                                 "PasswordFile=/j\n"
                                 "Prefix=k\n"
                                 "Tenant=l\n"
                                 "Timeout=250ms\n"
                                 "RequireDurable=no\n"
                                 "AllowPlaintext=on\n"
                                 "Synchronous=off\n"
                                 "[Session]\n"
                                 "AbsoluteLifetime=2d\n"
                                 "MaxSessions=6\n"
                                 "SelfIssue=no\n"
                                 "Roles=dev ops\n"
                                 "DeviceId=laptop-7\n"
                                 "BindAddress=warn\n"
                                 "BindDevice=deny\n"
                                 "IdleTimeout=30min\n"
                                 "SingleSignOn=platform\n"
                                 "Overflow=evict-oldest\n"
                                 "[Kick]\n"
                                 "OnKick=notify\n"
                                 "KickGrace=1500ms\n"
                                 "KickScope=user\n"
                                 "[Limits]\n"
                                 "ConnectionsPerUid=7\n"
                                 "Connections=8\n"
                                 "HandshakeTimeout=9s\n";

static void test_everything(void **unused) {
        _cleanup_(config_freep) Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX];

        (void)unused;
        assert_int_equal(
                config_parse(everything, sizeof(everything) - 1, message, sizeof(message), &config),
                0);
        assert_string_equal(config->socket_path, "/a");
        assert_string_equal(config->runtime_directory, "/b");
        assert_string_equal(config->state_directory, "/c");
        assert_int_equal(config->bus, BUS_NONE);
        assert_int_equal(config->log_target, JOURNAL_STDERR);
        assert_int_equal(config->log_level, LOG_DEBUG);
        assert_string_equal(config->issuer, "https://i.example/");
        assert_string_equal(config->audience, "d");
        assert_int_equal(config->lifetime_sec, 3660);
        assert_int_equal(config->max_lifetime_sec, 7 * DAY_SEC);
        assert_int_equal(config->leeway_sec, 1);
        assert_int_equal(config->max_size, 4096);
        assert_string_equal(config->key_directory, "/e");
        assert_string_equal(config->signing_kid, "f");
        assert_string_equal(config->key_algorithm, "EdDSA");
        assert_int_equal(config->store_type, STORE_REDIS);
        assert_string_equal(config->store_path, "/g");
        assert_string_equal(config->store_sentinels, "unix:/h tcp:127.0.0.1:4");
        assert_string_equal(config->store_sentinel_name, "h2");
        assert_string_equal(config->store_sentinel_username, "h3");
        assert_string_equal(config->store_sentinel_password_file, "/h4");
        assert_int_equal(config->store_wait_replicas, 2);
        assert_int_equal(config->store_wait_timeout_usec, 350000);
        assert_int_equal(config->store_database, 5);
        assert_string_equal(config->store_username, "i");
        assert_string_equal(config->store_password_file, "/j");
        assert_string_equal(config->store_prefix, "k");
        assert_string_equal(config->tenant, "l");
        assert_int_equal(config->store_timeout_usec, 250000);
        assert_false(config->store_require_durable);
        assert_true(config->store_allow_plaintext);
        assert_true(config->store_no_sync);
        assert_int_equal(config->policy.absolute_lifetime_sec, 2 * DAY_SEC);
        assert_int_equal(config->policy.max_sessions, 6);
        assert_int_equal(config->policy.idle_timeout_sec, 1800);
        assert_string_equal(config->device_id, "laptop-7");
        assert_int_equal(config->policy.bind_address, BIND_WARN);
        assert_int_equal(config->policy.bind_device, BIND_DENY);
        assert_false(config->policy.self_issue);
        assert_string_equal(config->policy.roles, "dev ops");
        assert_int_equal(config->policy.single_sign_on, SINGLE_SIGN_ON_PLATFORM);
        assert_int_equal(config->policy.overflow, OVERFLOW_EVICT_OLDEST);
        assert_int_equal(config->policy.on_kick, KICK_NOTIFY);
        assert_int_equal(config->policy.kick_grace_usec, 1500000);
        assert_int_equal(config->policy.kick_scope, KICK_SCOPE_USER);
        assert_int_equal(config->connections_per_uid, 7);
        assert_int_equal(config->connections, 8);
        assert_int_equal(config->handshake_timeout_usec, 9000000);
}

static void write_file(const char *path, const char *text) {
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void make_tree(void) {
        char path[] = "/tmp/test-config-XXXXXX";

        assert_non_null(mkdtemp(path));
        assert_int_equal(chdir(path), 0);
        assert_int_equal(mkdir("d", 0755), 0);
}

static int remove_tree(void **unused) {
        _cleanup_(freep) char *path = get_current_dir_name();

        (void)unused;
        assert_non_null(path);
        for (size_t i = 0; i < 3; i++) {
                const char *names[] = { "d/1.conf", "d/2.conf", "d/ignored" };

                (void)unlink(names[i]);
        }
        (void)unlink("vendor");
        (void)unlink("host");
        (void)rmdir("d");
        return chdir("/") || rmdir(path);
}

static const ConfigPlaces places = { "vendor", "host", "d" };

static void test_later_places_win(void **unused) {
        _cleanup_(config_freep) Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX] = "";

        (void)unused;
        make_tree();
        write_file("vendor", "[Token]\nIssuer=vendor\nAudience=vendor\nLeeway=1\n");
        write_file("host", "[Token]\nIssuer=host\nAudience=host\n");
        write_file("d/2.conf", "[Token]\nIssuer=two\n");
        write_file("d/1.conf", "[Token]\nIssuer=one\nMaxSize=1000\n");
        write_file("d/ignored", "nonsense\n");
        assert_int_equal(config_load_places(&places, message, sizeof(message), &config), 0);
        assert_string_equal(message, "");
        assert_string_equal(config->issuer, "two");
        assert_string_equal(config->audience, "host");
        assert_int_equal(config->leeway_sec, 1);
        assert_int_equal(config->max_size, 1000);
}

static void test_a_drop_in_takes_back(void **unused) {
        _cleanup_(config_freep) Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX];

        (void)unused;
        make_tree();
        write_file("host", "[Store]\nType=redis\nAddress=unix:/r\nPath=/p\n[Keys]\nDirectory=/k\n");
        write_file("d/1.conf", "[Store]\nType=sqlite\nAddress=\nPath=\n[Keys]\nDirectory=\n");
        assert_int_equal(config_load_places(&places, message, sizeof(message), &config), 0);
        assert_null(config->store_address);
        assert_string_equal(config->store_path, "/var/lib/authtoken/state.db");
        assert_string_equal(config->key_directory, "/var/lib/authtoken/keys");
}

static void test_every_place_may_be_missing(void **unused) {
        _cleanup_(config_freep) Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX];

        (void)unused;
        make_tree();
        assert_int_equal(rmdir("d"), 0);
        assert_int_equal(config_load_places(&places, message, sizeof(message), &config), 0);
        assert_string_equal(config->issuer, "authtoken");
}

static void test_fault_names_its_file(void **unused) {
        Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX];

        (void)unused;
        make_tree();
        write_file("vendor", "[Store]\nType=redis\nAddress=unix:/r\n");
        write_file("d/1.conf", "# back to one host\n[Store]\nType=sqlite\n");
        assert_int_equal(
                config_load_places(&places, message, sizeof(message), &config), CONFIG_E_INVALID);
        assert_string_equal(message, "vendor:3: Address= is allowed with Type=redis only");
        write_file("d/2.conf", "[Token]\nLeeway=1h\n");
        assert_int_equal(
                config_load_places(&places, message, sizeof(message), &config), CONFIG_E_INVALID);
        assert_string_equal(message,
                "d/2.conf:2: bad value for Leeway=; allowed is a time span of whole seconds from 0 "
                "to 300s");
        assert_null(config);
}

static void test_drop_in_that_leads_nowhere(void **unused) {
        Config *config = NULL;
        char message[CONFIG_MESSAGE_MAX];

        (void)unused;
        make_tree();
        assert_int_equal(symlink("nowhere", "d/1.conf"), 0);
        assert_int_equal(config_load_places(&places, message, sizeof(message), &config), -ENOENT);
        assert_string_equal(message, "d/1.conf: No such file or directory");
        assert_int_equal(config_load("host", message, sizeof(message), &config), -ENOENT);
        assert_string_equal(message, "host: No such file or directory");
        assert_null(config);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_agreement),
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_everything),
                cmocka_unit_test_teardown(test_later_places_win, remove_tree),
                cmocka_unit_test_teardown(test_a_drop_in_takes_back, remove_tree),
                cmocka_unit_test_teardown(test_every_place_may_be_missing, remove_tree),
                cmocka_unit_test_teardown(test_fault_names_its_file, remove_tree),
                cmocka_unit_test_teardown(test_drop_in_that_leads_nowhere, remove_tree),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
