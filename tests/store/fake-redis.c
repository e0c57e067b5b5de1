/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake-redis.h"

#define READ_SIZE   65536u
#define ANSWER_SIZE 128u

void fake_redis_send(FakePeer *peer, const char *data, size_t size) {
        while (size > 0) {
                ssize_t n = send(peer->fd, data, size, MSG_NOSIGNAL);

                if (n < 0)
                        return;
                data += n;
                size -= (size_t)n;
        }
}

void fake_redis_hang_up(FakePeer *peer) {
        FakePeer **link = &peer->fake->peers;

        while (*link != peer)
                link = &(*link)->next;
        *link = peer->next;
        sd_event_source_disable_unref(peer->source);
        close(peer->fd);
        redisReaderFree(peer->reader);
        free(peer);
}

/* The new version of a commit: the value of the first field. */
static const char *version_of(const redisReply *command) {
        size_t n_keys = (size_t)strtoul(command->element[2]->str, NULL, 10);

        return command->element[2 + n_keys + 9]->str;
}

/* What a server says on which nothing is stored, and on which nothing is amiss. */
static void answer_well(FakePeer *peer, const redisReply *command) {
        static const struct {
                const char *command, *answer;
        } answers[] = {
                { "TIME", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n" },
                { "INFO", "$104\r\nloading:0\r\naof_enabled:1\r\n"
                          "maxmemory_policy:noeviction\r\n"
                          "run_id:0123456789abcdef0123456789abcdef01234567\r\n\r\n" },
                { "ROLE", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n" },
                { "CONFIG", "*2\r\n$1\r\na\r\n$6\r\nalways\r\n" },
                { "SCRIPT", "$40\r\n0123456789012345678901234567890123456789\r\n" },
                { "HGETALL", "*0\r\n" },
                { "GET", "$-1\r\n" },
                { "ZRANGE", "*0\r\n" },
        };
        const char *text = "+OK\r\n";
        char line[ANSWER_SIZE];

        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
                if (strcmp(command->element[0]->str, answers[i].command) == 0)
                        text = answers[i].answer;
        if (strcmp(command->element[0]->str, "EVAL") == 0 &&
                strstr(command->element[1]->str, "return { ARGV[1]")) {
                snprintf(line, sizeof(line), "*2\r\n$%zu\r\n%s\r\n%s\r\n", command->element[4]->len,
                        command->element[4]->str,
                        strstr(command->element[1]->str, "'GET'") ? "$-1" : "*0");
                text = line;
        }
        if (strcmp(command->element[0]->str, "EVALSHA") == 0) {
                snprintf(line, sizeof(line), "$%zu\r\n%s\r\n", strlen(version_of(command)),
                        version_of(command));
                text = line;
        } else if (strcmp(command->element[0]->str, "PING") == 0 && command->elements == 2) {
                snprintf(line, sizeof(line), "$%zu\r\n%s\r\n", command->element[1]->len,
                        command->element[1]->str);
                text = line;
        }
        fake_redis_send(peer, text, strlen(text));
}

/* Returns false when the peer is gone. */
static bool answer_one(FakePeer *peer, const redisReply *command) {
        FakeRedis *fake = peer->fake;
        int fd = peer->fd;

        fake->n_commands++;
        if (!fake->answer || !fake->answer(peer, command, fake->userdata))
                answer_well(peer, command);
        for (peer = fake->peers; peer; peer = peer->next)
                if (peer->fd == fd)
                        return true;
        return false;
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        FakePeer *peer = userdata;
        static char buffer[READ_SIZE];
        ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        void *command = NULL;
        bool there = true;

        (void)source;
        (void)events;
        if (n <= 0) {
                fake_redis_hang_up(peer);
                return 0;
        }
        redisReaderFeed(peer->reader, buffer, (size_t)n);
        while (there && redisReaderGetReply(peer->reader, &command) == REDIS_OK && command) {
                there = answer_one(peer, command);
                freeReplyObject(command);
        }
        return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        FakeRedis *fake = userdata;
        FakePeer *peer = calloc(1, sizeof(*peer));

        (void)source;
        (void)events;
        assert_non_null(peer);
        fake->n_connections++;
        peer->fake = fake;
        peer->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        peer->reader = redisReaderCreate();
        peer->next = fake->peers;
        fake->peers = peer;
        return sd_event_add_io(fake->event, &peer->source, peer->fd, EPOLLIN, on_input, peer);
}

void fake_redis_start(FakeRedis *fake, sd_event *event, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        unlink(path);
        fake->event = event;
        fake->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fake->fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(fake->fd, 16), 0);
        assert_true(
                sd_event_add_io(event, &fake->source, fake->fd, EPOLLIN, on_connection, fake) >= 0);
}

void fake_redis_stop(FakeRedis *fake) {
        while (fake->peers)
                fake_redis_hang_up(fake->peers);
        sd_event_source_disable_unref(fake->source);
        close(fake->fd);
}

static char stream[READ_SIZE];
static size_t stream_size;

static int on_writable(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        FakePeer *peer = userdata;
        ssize_t n = send(fd, stream, stream_size, MSG_NOSIGNAL | MSG_DONTWAIT);

        (void)source;
        (void)events;
        if (n > 0)
                peer->fake->n_streamed += (size_t)n;
        else if (n == 0 || errno != EAGAIN)
                fake_redis_hang_up(peer);
        return 0;
}

void fake_redis_stream(FakePeer *peer, const char *text) {
        size_t size = strlen(text);

        for (stream_size = 0; stream_size + size <= sizeof(stream); stream_size += size)
                memcpy(stream + stream_size, text, size);
        peer->source = sd_event_source_disable_unref(peer->source);
        assert_true(sd_event_add_io(peer->fake->event, &peer->source, peer->fd, EPOLLOUT,
                            on_writable, peer) >= 0);
}

void fake_redis_fixture_new(FakeRedis *fake, StoreFixture **ret_fixture) {
        StoreFixture *fixture;

        store_fixture_new(STORE_SQLITE, &fixture);
        fixture->store = user_store_free(fixture->store);
        snprintf(fixture->server.socket, sizeof(fixture->server.socket), "%s/fake.sock",
                fixture->directory);
        snprintf(fixture->address, sizeof(fixture->address), "unix:%s", fixture->server.socket);
        fake_redis_start(fake, fixture->event, fixture->server.socket);
        fixture->config.type = STORE_REDIS;
        *ret_fixture = fixture;
}

void fake_redis_fixture_free(FakeRedis *fake, StoreFixture *fixture) {
        fixture->store = user_store_free(fixture->store);
        fake_redis_stop(fake);
        store_fixture_free(fixture);
}
