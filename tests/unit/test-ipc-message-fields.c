/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/cleanup.h"
#include "tests/unit/ipc-packet.h"

/* An ACCOUNT request with one value changed. */
typedef struct ValueCase {
        const char *name;
        uint32_t tag;
        const char *bytes;
        size_t size;
        int result;
} ValueCase;

static char large[IPC_TEXT_MAX + 1];

static const ValueCase values[] = {
        { "a text of the largest size is taken", IPC_FIELD_USER, large, IPC_TEXT_MAX, 0 },
        { "a longer text is refused", IPC_FIELD_USER, large, IPC_TEXT_MAX + 1, IPC_E_MALFORMED },
        { "an empty text is refused", IPC_FIELD_USER, "", 0, IPC_E_MALFORMED },
        { "NUL in a text is refused", IPC_FIELD_USER, "a\0b", 3, IPC_E_MALFORMED },
        { "text that is not UTF-8 is refused", IPC_FIELD_USER, "\xff", 1, IPC_E_MALFORMED },
        { "an overlong form is refused", IPC_FIELD_TTY, "\xc0\xaf", 2, IPC_E_MALFORMED },
        { "UTF-8 is taken", IPC_FIELD_TTY, "\xc3\xa9", 2, 0 },
        { "a short handle is refused", IPC_FIELD_HANDLE, HANDLE, 21, IPC_E_MALFORMED },
        { "a long handle is refused", IPC_FIELD_HANDLE, HANDLE "A", 23, IPC_E_MALFORMED },
        { "a handle of other characters is refused", IPC_FIELD_HANDLE, "AAECAwQFBgcICQoLDA0OD/", 22,
                IPC_E_MALFORMED },
        { "a flag with content is refused", IPC_FIELD_OTHER_AUTH, "1", 1, IPC_E_MALFORMED },
        { "a number of seven bytes is refused", IPC_FIELD_DEADLINE, "\1\0\0\0\0\0\0", 7,
                IPC_E_MALFORMED },
        { "a number of nine bytes is refused", IPC_FIELD_DEADLINE, "\1\0\0\0\0\0\0\0\0", 9,
                IPC_E_MALFORMED },
        { "a deadline at no time is refused", IPC_FIELD_DEADLINE, "\0\0\0\0\0\0\0\0", 8,
                IPC_E_MALFORMED },
        { "a number of eight bytes is taken", IPC_FIELD_DEADLINE, "\0\0\0\0\0\0\0\x80", 8, 0 },
        { "a role where none is asked for is refused", IPC_FIELD_ROLE, "admin", 5,
                IPC_E_MALFORMED },
        { "an unknown optional field is skipped", 0x0100, "\xff\0", 2, 0 },
        { "an empty unknown optional field is skipped", 0x7fff, "", 0, 0 },
        { "an unknown mandatory field is refused", 0x8100, "x", 1, IPC_E_MALFORMED },
        { "a mandatory field with the bit cleared is another one", 0x0002, "bob", 3, 0 },
        { "an optional field with the bit set is refused", 0x8010, "ssh", 3, IPC_E_MALFORMED },
};

static void test_value(void **state) {
        const ValueCase *c = *state;
        static Packet packet;

        memset(large, 'a', sizeof(large));
        packet_begin(&packet, IPC_ACCOUNT, 0);
        if (c->tag != IPC_FIELD_USER)
                packet_add(&packet, IPC_FIELD_USER, "alice", 5);
        packet_add(&packet, IPC_FIELD_SERVICE, "sshd", 4);
        packet_add(&packet, c->tag, c->bytes, c->size);
        assert_int_equal(packet_decode(&packet), c->result);
}

static void test_unknown_fields_are_counted(void **state) {
        static Packet packet;

        (void)state;
        packet_begin(&packet, IPC_CLOSE_SESSION, 0);
        packet_add(&packet, IPC_FIELD_HANDLE, HANDLE, IPC_HANDLE_SIZE);
        packet_add(&packet, 0x0100, "a", 1);
        packet_add(&packet, 0x0100, "b", 1);
        assert_int_equal(packet_decode(&packet), IPC_E_MALFORMED);

        packet_begin(&packet, IPC_CLOSE_SESSION, 0);
        packet_add(&packet, IPC_FIELD_HANDLE, HANDLE, IPC_HANDLE_SIZE);
        for (uint32_t i = 1; i < IPC_FIELDS_MAX; i++)
                packet_add(&packet, 0x0100 + i, "", 0);
        assert_int_equal(packet_decode(&packet), 0);
        packet_add(&packet, 0x0200, "", 0);
        assert_int_equal(packet_decode(&packet), IPC_E_MALFORMED);
}

static void test_header(void **state) {
        static Packet packet;

        (void)state;
        for (size_t i = 0; i < 5; i++) {
                packet_begin(&packet, ANSWER(IPC_ACCOUNT), 0);
                packet.bytes[i] ^= 1;
                assert_int_equal(packet_decode(&packet), IPC_E_VERSION);
        }
        for (uint32_t type = 0; type < 256; type++) {
                bool known = (type & 0x7f) >= 1 && (type & 0x7f) <= 6;

                packet_begin(&packet, type, 0);
                if (type < IPC_REPLY || !known)
                        assert_int_equal(packet_decode(&packet), IPC_E_MALFORMED);
                else
                        assert_int_equal(packet_decode(&packet), 0);
        }
        for (uint32_t status = 0; status <= UINT16_MAX; status++) {
                packet_begin(&packet, ANSWER(IPC_ACCOUNT), status);
                assert_int_equal(
                        packet_decode(&packet), status < IPC_STATUS_COUNT ? 0 : IPC_E_MALFORMED);
        }
        packet_begin(&packet, IPC_CLOSE_SESSION, 0);
        packet_add(&packet, IPC_FIELD_HANDLE, HANDLE, IPC_HANDLE_SIZE);
        assert_int_equal(packet_decode(&packet), 0);
        packet.bytes[6] = IPC_STATUS_DENIED;
        assert_int_equal(packet_decode(&packet), IPC_E_MALFORMED);
}

static void test_token_sizes(void **state) {
        static char token[IPC_TOKEN_MAX + 1];
        static Packet packet;

        (void)state;
        memset(token, 0xff, sizeof(token));
        for (size_t size = 0; size <= sizeof(token); size += size < 2 ? 1 : 1023) {
                packet_begin(&packet, IPC_VALIDATE, 0);
                packet_add(&packet, IPC_FIELD_TOKEN, token, size);
                assert_int_equal(packet_decode(&packet),
                        size > 0 && size <= IPC_TOKEN_MAX ? 0 : IPC_E_MALFORMED);
        }
}

static void test_largest_message(void **state) {
        static char claims[IPC_MESSAGE_MAX];
        static Packet packet;

        (void)state;
        memset(claims, 'x', sizeof(claims));
        packet_begin(&packet, ANSWER(IPC_VALIDATE), 0);
        packet_add(&packet, IPC_FIELD_CLAIMS, claims, IPC_MESSAGE_MAX - IPC_HEADER_SIZE - 4);
        assert_int_equal(packet_decode(&packet), 0);
        packet_begin(&packet, ANSWER(IPC_VALIDATE), 0);
        packet_add(&packet, IPC_FIELD_CLAIMS, claims, IPC_MESSAGE_MAX - IPC_HEADER_SIZE - 3);
        assert_int_equal(packet_decode(&packet), IPC_E_MALFORMED);
}

static IpcMessage full_message(void) {
        return (IpcMessage){
                .type = IPC_ACCOUNT,
                .id = 0xdeadbeef,
                .deadline_usec = UINT64_C(0x0123456789abcdef),
                .other_auth = true,
                .user = ipc_bytes("alice"),
                .service = ipc_bytes("sudo"),
                .handle = ipc_bytes(HANDLE),
                .tty = ipc_bytes("/dev/pts/3"),
                .rhost = ipc_bytes(NULL),
                .ruser = ipc_bytes(""),
        };
}

static void test_round_trip(void **state) {
        IpcMessage sent = full_message(), got;
        uint8_t buffer[256];
        size_t used;

        (void)state;
        assert_int_equal(ipc_message_encode(&sent, buffer, sizeof(buffer), &used), 0);
        assert_memory_equal(buffer, "ATK1\1\3\0\0\xef\xbe\xad\xde", 12);
        assert_int_equal(ipc_message_decode(buffer, used, &got), 0);
        assert_int_equal(got.type, IPC_ACCOUNT);
        assert_int_equal(got.status, IPC_STATUS_OK);
        assert_int_equal(got.id, 0xdeadbeef);
        assert_int_equal(got.deadline_usec, UINT64_C(0x0123456789abcdef));
        assert_true(got.other_auth);
        assert_int_equal(got.user.size, 5);
        assert_memory_equal(got.user.data, "alice", 5);
        assert_memory_equal(got.handle.data, HANDLE, IPC_HANDLE_SIZE);
        assert_int_equal(got.tty.size, 10);
        assert_null(got.rhost.data);
        assert_null(got.ruser.data);
        assert_null(got.token.data);
}

static void test_encode_into_every_size(void **state) {
        IpcMessage message = full_message();
        uint8_t buffer[256];
        size_t whole, used = 4711;

        (void)state;
        assert_int_equal(ipc_message_encode(&message, buffer, sizeof(buffer), &whole), 0);
        for (size_t size = 0; size < whole; size++) {
                uint8_t *exact = malloc(size > 0 ? size : 1);

                assert_non_null(exact);
                assert_int_equal(ipc_message_encode(&message, exact, size, &used), IPC_E_FULL);
                assert_int_equal(used, 4711);
                free(exact);
        }
}

static void test_encode_refuses_large_pieces(void **state) {
        static char text[IPC_MESSAGE_MAX];
        static uint8_t buffer[2 * IPC_MESSAGE_MAX];
        IpcMessage message = { .type = IPC_VALIDATE };
        size_t used;

        (void)state;
        memset(text, 'x', sizeof(text));
        message.token = (IpcBytes){ text, IPC_TOKEN_MAX };
        assert_int_equal(ipc_message_encode(&message, buffer, sizeof(buffer), &used), 0);
        message.token.size++;
        assert_int_equal(ipc_message_encode(&message, buffer, sizeof(buffer), &used), IPC_E_FULL);
        message.token = (IpcBytes){ 0 };
        message.user = (IpcBytes){ text, IPC_TEXT_MAX + 1 };
        assert_int_equal(ipc_message_encode(&message, buffer, sizeof(buffer), &used), IPC_E_FULL);
        message.user = (IpcBytes){ 0 };
        message.claims = (IpcBytes){ text, IPC_MESSAGE_MAX - IPC_HEADER_SIZE - 3 };
        assert_int_equal(ipc_message_encode(&message, buffer, sizeof(buffer), &used), IPC_E_FULL);
}

#define ONE(sentence, function) \
        { .name = (sentence), .test_func = (function) }

static const struct CMUnitTest other_tests[] = {
        ONE("unknown fields appear once, and are few", test_unknown_fields_are_counted),
        ONE("the header is checked", test_header),
        ONE("tokens of every size", test_token_sizes),
        ONE("a message ends at the limit", test_largest_message),
        ONE("a message survives a round trip", test_round_trip),
        ONE("every buffer that is too small is told", test_encode_into_every_size),
        ONE("pieces that are too large are told", test_encode_refuses_large_pieces),
};

int main(void) {
        struct CMUnitTest tests[ARRAY_SIZE(values) + ARRAY_SIZE(other_tests)];

        for (size_t i = 0; i < ARRAY_SIZE(values); i++)
                tests[i] = (struct CMUnitTest){ values[i].name, test_value, NULL, NULL,
                        (void *)(uintptr_t)&values[i] };
        memcpy(&tests[ARRAY_SIZE(values)], other_tests, sizeof(other_tests));
        return cmocka_run_group_tests_name("ipc-message-fields", tests, NULL, NULL);
}
