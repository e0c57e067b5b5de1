/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "conductor.h"
#include "daemon/store/store-watch.h"

void conductor_say(FakePeer *peer, const char *text) {
        fake_redis_send(peer, text, strlen(text));
}

FakePeer *conductor_peer(Conductor *conductor, int fd) {
        for (FakePeer *peer = conductor->fake.peers; peer; peer = peer->next)
                if (peer->fd == fd)
                        return peer;
        fail_msg("there is no such connection");
        return NULL;
}

static bool is(const redisReply *command, size_t at, const char *word) {
        return command->elements > at && !strcmp(command->element[at]->str, word);
}

/* Each connection says INFO server once, the one for notices behind CLIENT ID. */
static bool tell_server(FakePeer *peer, const redisReply *command, Conductor *conductor) {
        static int told_id = -1;
        char text[96];

        if (is(command, 0, "CLIENT") && is(command, 1, "ID"))
                told_id = peer->fd;
        if (!is(command, 0, "INFO") || !is(command, 1, "server"))
                return false;
        snprintf(text, sizeof(text), "$49\r\nrun_id:%040d\r\n\r\n",
                conductor->divided && peer->fd == told_id);
        conductor_say(peer, text);
        return true;
}

static bool on_command(FakePeer *peer, const redisReply *command, void *userdata) {
        Conductor *conductor = userdata;

        if (tell_server(peer, command, conductor)) {
                return true;
        } else if (is(command, 0, "CLIENT") && is(command, 1, "ID")) {
                conductor_say(peer, ":7\r\n");
        } else if (is(command, 0, "SUBSCRIBE")) {
                conductor->notices = peer->fd;
                conductor->n_subscriptions++;
                conductor_say(peer, "*3\r\n$9\r\nsubscribe\r\n" CHANNEL ":1\r\n");
        } else if (is(command, 0, "PING")) {
                conductor_say(peer, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
        } else if (is(command, 1, "TRACKING") && is(command, 2, "ON") && conductor->keep_tracking) {
                conductor->n_kept++;
        } else if (is(command, 0, "GET") && conductor->keep_back) {
                conductor->commands = peer->fd;
                conductor->n_kept++;
        } else if (is(command, 0, "HGETALL") && conductor->keep_back) {
                conductor->commands = peer->fd;
                snprintf(conductor->asked[conductor->n_asked++ % N_ASKED],
                        sizeof(*conductor->asked), "%s", command->element[1]->str + strlen(PREFIX));
                conductor->n_kept++;
        } else {
                return false;
        }
        return true;
}

static void on_changed(const char *tenant, const char *user, void *userdata) {
        Conductor *conductor = userdata;
        size_t size = strlen(conductor->changed);

        (void)tenant;
        snprintf(conductor->changed + size, sizeof(conductor->changed) - size, "%s ", user);
}

static void on_missed(void *userdata) {
        ((Conductor *)userdata)->n_missed++;
}

bool conductor_is_watching(Conductor *conductor) {
        StoreHealth health;

        user_store_health(conductor->fixture->store, &health);
        return health.watching;
}

void conductor_wait_watching(Conductor *conductor, bool watching) {
        for (unsigned int i = 0; i < 1000 && conductor_is_watching(conductor) != watching; i++)
                store_fixture_turn(conductor->fixture, 10000);
        assert_int_equal(conductor_is_watching(conductor), watching);
}

int conductor_setup(void **state) {
        Conductor *conductor = calloc(1, sizeof(*conductor));
        StoreFixture *fixture;

        assert_non_null(conductor);
        conductor->fake.answer = on_command;
        conductor->fake.userdata = conductor;
        fake_redis_fixture_new(&conductor->fake, &fixture);
        conductor->fixture = fixture;
        fixture->config.tenant = "default";
        assert_int_equal(store_fixture_open(fixture), 0);
        user_store_watch(fixture->store, &(StoreWatcher){ on_changed, on_missed, conductor });
        conductor_wait_watching(conductor, true);
        *state = conductor;
        return 0;
}

int conductor_teardown(void **state) {
        Conductor *conductor = *state;

        fake_redis_fixture_free(&conductor->fake, conductor->fixture);
        free(conductor);
        return 0;
}

void conductor_notify_key(Conductor *conductor, const char *key, size_t size) {
        char head[96];

        snprintf(head, sizeof(head), "*3\r\n$7\r\nmessage\r\n" CHANNEL "*1\r\n$%zu\r\n", size);
        conductor_say(conductor_peer(conductor, conductor->notices), head);
        fake_redis_send(conductor_peer(conductor, conductor->notices), key, size);
        conductor_say(conductor_peer(conductor, conductor->notices), "\r\n");
}

void conductor_notify(Conductor *conductor, const char *user) {
        char key[96];

        snprintf(key, sizeof(key), PREFIX "%s", user);
        conductor->changed[0] = '\0';
        conductor_notify_key(conductor, key, strlen(key));
        while (!conductor->changed[0])
                store_fixture_turn(conductor->fixture, 10000);
}
