/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "tests/unit/ipc-packet.h"

/* A good value of every field. */
typedef struct Field {
        uint32_t tag;
        const char *bytes;
        size_t size;
} Field;

static const Field fields[] = {
        { IPC_FIELD_DEADLINE, "\xd0\x07\0\0\0\0\0\0", 8 },
        { IPC_FIELD_USER, "alice", 5 },
        { IPC_FIELD_SERVICE, "sshd", 4 },
        { IPC_FIELD_TOKEN, "e30.e30.AA", 10 },
        { IPC_FIELD_HANDLE, HANDLE, IPC_HANDLE_SIZE },
        { IPC_FIELD_AUDIENCE, "example", 7 },
        { IPC_FIELD_OTHER_AUTH, "", 0 },
        { IPC_FIELD_ROLE, "admin", 5 },
        { IPC_FIELD_MAX_AGE, "\x80\x70\0\0\0\0\0\0", 8 },
        { IPC_FIELD_TTY, "ssh", 3 },
        { IPC_FIELD_RHOST, "203.0.113.7", 11 },
        { IPC_FIELD_RUSER, "bob", 3 },
        { IPC_FIELD_SESSION, HANDLE, IPC_HANDLE_SIZE },
        { IPC_FIELD_CLAIMS, "{\"sub\":\"alice\"}", 15 },
        { IPC_FIELD_REASON, "token-expired", 13 },
};

/* The table in ipc-message.h, once more. Lists end with 0. */
typedef struct Shape {
        const char *name;
        uint32_t type;
        uint32_t status;
        uint32_t needs[4];
        uint32_t may[7];
} Shape;

static const Shape shapes[] = {
        { "AUTHENTICATE", IPC_AUTHENTICATE, 0,
                { IPC_FIELD_USER, IPC_FIELD_SERVICE, IPC_FIELD_TOKEN },
                { IPC_FIELD_DEADLINE, IPC_FIELD_TTY, IPC_FIELD_RHOST, IPC_FIELD_RUSER,
                        IPC_FIELD_ROLE } },
        { "AUTHENTICATE_SESSION", IPC_AUTHENTICATE_SESSION, 0,
                { IPC_FIELD_USER, IPC_FIELD_SERVICE },
                { IPC_FIELD_DEADLINE, IPC_FIELD_TTY, IPC_FIELD_RHOST, IPC_FIELD_RUSER,
                        IPC_FIELD_ROLE, IPC_FIELD_MAX_AGE } },
        { "ACCOUNT", IPC_ACCOUNT, 0, { IPC_FIELD_USER, IPC_FIELD_SERVICE },
                { IPC_FIELD_DEADLINE, IPC_FIELD_TTY, IPC_FIELD_RHOST, IPC_FIELD_RUSER,
                        IPC_FIELD_HANDLE, IPC_FIELD_OTHER_AUTH } },
        { "OPEN_SESSION", IPC_OPEN_SESSION, 0,
                { IPC_FIELD_USER, IPC_FIELD_SERVICE, IPC_FIELD_HANDLE },
                { IPC_FIELD_DEADLINE, IPC_FIELD_TTY, IPC_FIELD_RHOST, IPC_FIELD_RUSER } },
        { "CLOSE_SESSION", IPC_CLOSE_SESSION, 0, { IPC_FIELD_HANDLE }, { IPC_FIELD_DEADLINE } },
        { "VALIDATE", IPC_VALIDATE, 0, { IPC_FIELD_TOKEN },
                { IPC_FIELD_DEADLINE, IPC_FIELD_AUDIENCE } },
        { "OK to AUTHENTICATE", ANSWER(IPC_AUTHENTICATE), IPC_STATUS_OK, { 0 },
                { IPC_FIELD_HANDLE, IPC_FIELD_SESSION } },
        { "OK to AUTHENTICATE_SESSION", ANSWER(IPC_AUTHENTICATE_SESSION), IPC_STATUS_OK, { 0 },
                { IPC_FIELD_HANDLE, IPC_FIELD_SESSION } },
        { "PROMPT to AUTHENTICATE_SESSION", ANSWER(IPC_AUTHENTICATE_SESSION), IPC_STATUS_PROMPT,
                { 0 }, { IPC_FIELD_REASON } },
        { "OK to ACCOUNT", ANSWER(IPC_ACCOUNT), IPC_STATUS_OK, { 0 }, { 0 } },
        { "OK to OPEN_SESSION", ANSWER(IPC_OPEN_SESSION), IPC_STATUS_OK, { 0 }, { 0 } },
        { "OK to CLOSE_SESSION", ANSWER(IPC_CLOSE_SESSION), IPC_STATUS_OK, { 0 }, { 0 } },
        { "OK to VALIDATE", ANSWER(IPC_VALIDATE), IPC_STATUS_OK, { 0 }, { IPC_FIELD_CLAIMS } },
        { "DENIED to AUTHENTICATE", ANSWER(IPC_AUTHENTICATE), IPC_STATUS_DENIED, { 0 },
                { IPC_FIELD_REASON } },
        { "EXPIRED to ACCOUNT", ANSWER(IPC_ACCOUNT), IPC_STATUS_EXPIRED, { 0 },
                { IPC_FIELD_REASON } },
        { "LIMIT to OPEN_SESSION", ANSWER(IPC_OPEN_SESSION), IPC_STATUS_LIMIT, { 0 },
                { IPC_FIELD_REASON } },
        { "UNAVAILABLE to CLOSE_SESSION", ANSWER(IPC_CLOSE_SESSION), IPC_STATUS_UNAVAILABLE, { 0 },
                { IPC_FIELD_REASON } },
        { "BAD_REQUEST to VALIDATE", ANSWER(IPC_VALIDATE), IPC_STATUS_BAD_REQUEST, { 0 },
                { IPC_FIELD_REASON } },
};

static bool is_in(const uint32_t *tags, size_t count, uint32_t tag) {
        for (size_t i = 0; i < count && tags[i] != 0; i++)
                if (tags[i] == tag)
                        return true;

        return false;
}

static bool needs(const Shape *shape, uint32_t tag) {
        return is_in(shape->needs, ARRAY_SIZE(shape->needs), tag);
}

static bool takes(const Shape *shape, uint32_t tag) {
        return needs(shape, tag) || is_in(shape->may, ARRAY_SIZE(shape->may), tag);
}

/* Every field that the shape takes, but for one. */
static void fill(Packet *packet, const Shape *shape, uint32_t without) {
        packet_begin(packet, shape->type, shape->status);
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                if (takes(shape, fields[i].tag) && fields[i].tag != without)
                        packet_add(packet, fields[i].tag, fields[i].bytes, fields[i].size);
}

static void test_fields_of_a_type(void **state) {
        const Shape *shape = *state;
        static Packet packet;

        fill(&packet, shape, 0);
        assert_int_equal(packet_decode(&packet), 0);

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                const Field *field = &fields[i];

                fill(&packet, shape, field->tag);
                assert_int_equal(
                        packet_decode(&packet), needs(shape, field->tag) ? IPC_E_MALFORMED : 0);
                packet_add(&packet, field->tag, field->bytes, field->size);
                assert_int_equal(
                        packet_decode(&packet), takes(shape, field->tag) ? 0 : IPC_E_MALFORMED);
                packet_add(&packet, field->tag, field->bytes, field->size);
                assert_int_equal(packet_decode(&packet), IPC_E_MALFORMED);
        }
}

static void test_every_prefix_is_refused(void **state) {
        const Shape *shape = *state;
        static Packet packet;

        fill(&packet, shape, 0);
        for (size_t size = 0; size < packet.size; size++) {
                Packet cut = packet;

                assert_int_not_equal(packet_decode_bytes(packet.bytes, size), 0);
                /* Cut, but with a header that agrees: whole fields may be left, half ones not. */
                cut.size = size;
                if (size >= IPC_HEADER_SIZE)
                        packet_set_payload_size(&cut, (uint32_t)(size - IPC_HEADER_SIZE));
                (void)packet_decode(&cut);
        }
}

static void test_every_announced_length_is_checked(void **state) {
        const Shape *shape = *state;
        static Packet packet;
        uint32_t right;

        fill(&packet, shape, 0);
        right = (uint32_t)(packet.size - IPC_HEADER_SIZE);
        for (uint32_t value = 0; value < IPC_MESSAGE_MAX + 64; value++) {
                packet_set_payload_size(&packet, value);
                assert_int_equal(packet_decode(&packet), value == right ? 0 : IPC_E_MALFORMED);
        }
        packet_set_payload_size(&packet, UINT32_MAX);
        assert_int_equal(packet_decode(&packet), IPC_E_MALFORMED);
}

/* The first field is the time-out, whose size is known, or one whose bytes run into the next. */
static void test_every_field_length_is_checked(void **state) {
        const Shape *shape = *state;
        static Packet packet;
        uint32_t right;

        fill(&packet, shape, 0);
        if (packet.size == IPC_HEADER_SIZE)
                return;
        right = packet.bytes[18] | (uint32_t)packet.bytes[19] << 8;
        for (uint32_t size = 0; size <= UINT16_MAX; size++) {
                packet.bytes[18] = (uint8_t)size;
                packet.bytes[19] = (uint8_t)(size >> 8);
                if (size == right)
                        assert_int_equal(packet_decode(&packet), 0);
                else if (size > packet.size - 20)
                        assert_int_equal(packet_decode(&packet), IPC_E_MALFORMED);
                else
                        (void)packet_decode(&packet);
        }
}

static uint32_t next_random(uint32_t *seed) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 17;
        *seed ^= *seed << 5;
        return *seed;
}

/* What was taken apart can be put together again, and is then the same message. */
static void check_accepted(const uint8_t *bytes, size_t size) {
        static uint8_t again[IPC_MESSAGE_MAX], third[IPC_MESSAGE_MAX];
        IpcMessage message;
        size_t used, third_used;

        if (ipc_message_decode(bytes, size, &message))
                return;
        assert_int_equal(ipc_message_encode(&message, again, sizeof(again), &used), 0);
        assert_true(used <= size); /* unknown fields are gone */
        assert_int_equal(ipc_message_decode(again, used, &message), 0);
        assert_int_equal(ipc_message_encode(&message, third, sizeof(third), &third_used), 0);
        assert_int_equal(third_used, used);
        assert_memory_equal(third, again, used);
}

static void test_random_changes(void **state) {
        const Shape *shape = *state;
        static Packet packet;
        uint32_t seed = 20260101;

        for (size_t round = 0; round < 20000; round++) {
                fill(&packet, shape, 0);
                for (uint32_t i = next_random(&seed) % 4 + 1; i > 0; i--)
                        packet.bytes[next_random(&seed) % packet.size] ^=
                                (uint8_t)(1u << next_random(&seed) % 8);
                (void)packet_decode(&packet);
                check_accepted(packet.bytes, packet.size);
        }
}

static void test_random_bytes(void **state) {
        static Packet packet;
        uint32_t seed = 20260102;

        (void)state;
        for (size_t round = 0; round < 20000; round++) {
                packet_begin(&packet, shapes[round % ARRAY_SIZE(shapes)].type, 0);
                for (uint32_t i = next_random(&seed) % 64; i > 0; i--)
                        packet_put(&packet, next_random(&seed), 1);
                assert_int_not_equal(packet_decode_bytes(packet.bytes + 1, packet.size - 1), 0);
                packet_set_payload_size(&packet, (uint32_t)(packet.size - IPC_HEADER_SIZE));
                (void)packet_decode(&packet);
                check_accepted(packet.bytes, packet.size);
        }
}

#define ONE(sentence, function) \
        { .name = (sentence), .test_func = (function) }

static const struct CMUnitTest shape_tests[] = {
        ONE("takes its fields, once each, and no others", test_fields_of_a_type),
        ONE("every prefix is refused", test_every_prefix_is_refused),
        ONE("the payload's size is checked to the byte", test_every_announced_length_is_checked),
        ONE("every size of a field is harmless", test_every_field_length_is_checked),
        ONE("random changes are harmless", test_random_changes),
};

#define N_SHAPE_TESTS (ARRAY_SIZE(shapes) * ARRAY_SIZE(shape_tests))

int main(void) {
        struct CMUnitTest tests[N_SHAPE_TESTS + 1];
        char names[N_SHAPE_TESTS][96];
        size_t count = 0;

        for (size_t i = 0; i < N_SHAPE_TESTS; i++) {
                const Shape *shape = &shapes[i / ARRAY_SIZE(shape_tests)];

                tests[count] = shape_tests[i % ARRAY_SIZE(shape_tests)];
                snprintf(names[i], sizeof(names[i]), "%s: %s", shape->name, tests[count].name);
                tests[count].name = names[i];
                tests[count++].initial_state = (void *)(uintptr_t)shape;
        }
        tests[count] = (struct CMUnitTest)ONE("random fields are harmless", test_random_bytes);
        return cmocka_run_group_tests_name("ipc-message", tests, NULL, NULL);
}
