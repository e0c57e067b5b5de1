#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A Redis server in the test's own loop that greets well and then answers what a case tells it to.
 */

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include <hiredis/hiredis.h>

#include "store-fixture.h"

typedef struct FakeRedis FakeRedis;
typedef struct FakePeer FakePeer;

/* Called for each command. Return false: the server answers as a good one would (an empty one). */
typedef bool (*FakeAnswer)(FakePeer *peer, const redisReply *command, void *userdata);

struct FakePeer {
        FakeRedis *fake;
        int fd;
        sd_event_source *source;
        redisReader *reader;
        FakePeer *next;
};

struct FakeRedis {
        sd_event *event;
        int fd;
        sd_event_source *source;
        FakePeer *peers;
        FakeAnswer answer;
        void *userdata;
        unsigned int n_connections, n_commands;
        size_t n_streamed; /* bytes that fake_redis_stream() could write */
};

/**
 * fake_redis_start() - listen
 * @fake:       answer may be set
 * @event:      borrowed
 * @path:       of the socket
 */
void fake_redis_start(FakeRedis *fake, sd_event *event, const char *path);

/**
 * fake_redis_stop() - close all
 * @fake:       started
 */
void fake_redis_stop(FakeRedis *fake);

/**
 * fake_redis_send() - send bytes
 * @peer:       to whom
 * @data:       bytes
 * @size:       of @data
 */
void fake_redis_send(FakePeer *peer, const char *data, size_t size);

/**
 * fake_redis_stream() - begin to send a text again and again, for as long as anybody takes it
 * @peer:       to whom
 * @text:       short
 */
void fake_redis_stream(FakePeer *peer, const char *text);

/**
 * fake_redis_hang_up() - close a connection
 * @peer:       gone afterwards
 */
void fake_redis_hang_up(FakePeer *peer);

/**
 * fake_redis_fixture_new() - a fixture in front of a fake server, which listens
 * @fake:       answer and userdata may be set
 * @ret_fixture: its store is still to be opened, with whatever else its config is to say
 */
void fake_redis_fixture_new(FakeRedis *fake, StoreFixture **ret_fixture);

/**
 * fake_redis_fixture_free() - close the store, then stop the server
 * @fake:       from fake_redis_fixture_new()
 * @fixture:    likewise
 */
void fake_redis_fixture_free(FakeRedis *fake, StoreFixture *fixture);
