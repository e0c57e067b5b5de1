/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authtoken/ipc-message.h"
#include "common/cleanup.h"
#include "tests/pam/fake-reply.h"
#include "tests/pam/fatal.h"
#include "tests/pam/transcript.h"

typedef struct Reply {
        IpcMessage message;
        uint8_t packet[2 * IPC_MESSAGE_MAX];
        size_t size;
        bool with_fd;
} Reply;

/* What a word of the answer changes: before it is encoded, or in the packet. */
typedef void (*Change)(Reply *reply, const char *value);

static IpcBytes text_of(const char *value) {
        const char *named = value[0] == '$' ? transcript_named(value + 1) : value;

        if (!named)
                fatal(value);

        return ipc_bytes(named);
}

static void set_handle(Reply *reply, const char *value) {
        reply->message.handle = text_of(value);
}

static void set_session(Reply *reply, const char *value) {
        reply->message.session = text_of(value);
}

static void set_reason(Reply *reply, const char *value) {
        reply->message.reason = text_of(value);
}

static void set_claims(Reply *reply, const char *value) {
        reply->message.claims = text_of(value);
}

static void set_type(Reply *reply, const char *value) {
        reply->message.type = (IpcType)strtoul(value, NULL, 0);
}

static void add_to_id(Reply *reply, const char *value) {
        reply->message.id += (uint32_t)strtoul(value, NULL, 0);
}

static void wait_first(Reply *reply, const char *value) {
        (void)reply;
        poll(NULL, 0, (int)strtol(value, NULL, 0));
}

static void attach_fd(Reply *reply, const char *value) {
        (void)value;
        reply->with_fd = true;
}

static void set_byte(Reply *reply, const char *value) {
        char *end;
        size_t at = strtoul(value, &end, 0);

        reply->packet[at] = (uint8_t)strtoul(end + 1, NULL, 0);
}

static void set_size(Reply *reply, const char *value) {
        reply->size = strtoul(value, NULL, 0);
}

static void add_field(Reply *reply, const char *value) {
        char *text;
        unsigned long tag = strtoul(value, &text, 0);
        IpcBytes bytes = text_of(text + 1);
        uint8_t *end = reply->packet + reply->size;

        end[0] = (uint8_t)tag;
        end[1] = (uint8_t)(tag >> 8);
        end[2] = (uint8_t)bytes.size;
        end[3] = (uint8_t)(bytes.size >> 8);
        memcpy(end + 4, bytes.data, bytes.size);
        reply->size += 4 + bytes.size;
        reply->packet[12] = (uint8_t)(reply->size - IPC_HEADER_SIZE);
        reply->packet[13] = (uint8_t)((reply->size - IPC_HEADER_SIZE) >> 8);
}

static const struct {
        const char *word;
        Change before, after;
} changes[] = {
        { "handle", set_handle, NULL },   /* =TEXT */
        { "session", set_session, NULL }, /* =TEXT */
        { "reason", set_reason, NULL },   /* =TEXT */
        { "claims", set_claims, NULL },   /* =TEXT */
        { "type", set_type, NULL },       /* =NUMBER in place of the right one */
        { "id", add_to_id, NULL },        /* =NUMBER is added to the right one */
        { "delay", wait_first, NULL },    /* =MILLISECONDS */
        { "fd", attach_fd, NULL }, { "byte", NULL, set_byte }, /* =OFFSET:VALUE */
        { "field", NULL, add_field }, /* =TAG:TEXT, once more or of another request */
        { "size", NULL, set_size },   /* =BYTES of the packet, cut or filled up with NUL */
};

static const char *const statuses[IPC_STATUS_COUNT] = { "OK", "DENIED", "EXPIRED", "LIMIT",
        "UNAVAILABLE", "BAD_REQUEST", "PROMPT" };

static const struct {
        IpcType type;
        const char *name;
} types[] = {
        { IPC_AUTHENTICATE, "AUTHENTICATE" },
        { IPC_AUTHENTICATE_SESSION, "AUTHENTICATE_SESSION" },
        { IPC_ACCOUNT, "ACCOUNT" },
        { IPC_OPEN_SESSION, "OPEN_SESSION" },
        { IPC_CLOSE_SESSION, "CLOSE_SESSION" },
        { IPC_VALIDATE, "VALIDATE" },
};

static void put(char *line, size_t size, const char *name, IpcBytes bytes) {
        size_t used = strlen(line);

        if (bytes.data)
                snprintf(line + used, size - used, " %s=%s", name,
                        transcript_text(bytes.data, bytes.size));
}

/* What was left when it was sent is not always the same; what it was at most is. */
static unsigned int round_up(uint64_t deadline_usec) {
        static const unsigned int steps[] = { 100, 300, 500, 1000, 2000, 5000, 60000 };
        struct timespec now;
        int64_t left_usec;

        clock_gettime(CLOCK_MONOTONIC, &now);
        left_usec = (int64_t)deadline_usec - (int64_t)now.tv_sec * 1000000 - now.tv_nsec / 1000;
        if (left_usec <= 0)
                return 0;

        for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
                if (left_usec <= (int64_t)steps[i] * 1000)
                        return steps[i];

        return 0;
}

void fake_request_log(const uint8_t *packet, size_t size) {
        char line[65536] = "";
        IpcMessage request;

        if (ipc_message_decode(packet, size, &request)) {
                transcript_line("request malformed, %zu bytes", size);
                return;
        }

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (types[i].type == request.type)
                        snprintf(line, sizeof(line), "%s", types[i].name);
        put(line, sizeof(line), "user", request.user);
        put(line, sizeof(line), "service", request.service);
        put(line, sizeof(line), "token", request.token);
        put(line, sizeof(line), "handle", request.handle);
        put(line, sizeof(line), "tty", request.tty);
        put(line, sizeof(line), "rhost", request.rhost);
        put(line, sizeof(line), "ruser", request.ruser);
        put(line, sizeof(line), "role", request.role);
        if (request.max_age_sec > 0)
                snprintf(line + strlen(line), sizeof(line) - strlen(line), " max-age=%" PRIu64,
                        request.max_age_sec);
        transcript_line("request %s%s timeout=%u", line, request.other_auth ? " other-auth" : "",
                round_up(request.deadline_usec));
}

static void apply_word(Reply *reply, char *word, bool after) {
        char *value = strchr(word, '=');

        if (value)
                *value++ = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                Change change = after ? changes[i].after : changes[i].before;

                if (strcmp(changes[i].word, word) != 0)
                        continue;
                if (change)
                        change(reply, value ? value : "");
                return;
        }

        fatal(word);
}

static void apply(Reply *reply, char *words, bool after) {
        char *rest = words;

        for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " "))
                apply_word(reply, word, after);
}

static IpcStatus status_of(const char *name) {
        for (int i = 0; i < IPC_STATUS_COUNT; i++)
                if (strcmp(statuses[i], name) == 0)
                        return (IpcStatus)i;

        fatal(name);
}

static void packet_send(int fd, const Reply *reply) {
        struct iovec part = { (void *)(uintptr_t)reply->packet, reply->size };
        union {
                char bytes[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = { 0 };
        struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

        if (reply->with_fd) {
                header.msg_control = control.bytes;
                header.msg_controllen = sizeof(control.bytes);
                control.align = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
                memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
        }
        /* The module may have given up by now. */
        (void)sendmsg(fd, &header, MSG_NOSIGNAL);
}

void fake_reply_send(int fd, const uint8_t *request, size_t request_size, const char *spec) {
        static Reply reply;
        char words[2][512];
        char *rest;
        IpcMessage asked = { 0 };

        (void)ipc_message_decode(request, request_size, &asked);
        memset(&reply, 0, sizeof(reply));
        snprintf(words[0], sizeof(words[0]), "%s", spec);
        rest = strchr(words[0], ' ');
        if (rest)
                *rest++ = '\0';
        snprintf(words[1], sizeof(words[1]), "%s", rest ? rest : "");

        reply.message.type = (IpcType)(asked.type | IPC_REPLY);
        reply.message.status = status_of(words[0]);
        reply.message.id = asked.id;
        if (rest)
                apply(&reply, rest, false);
        if (ipc_message_encode(&reply.message, reply.packet, IPC_MESSAGE_MAX, &reply.size))
                fatal("the answer does not fit");
        if (rest)
                apply(&reply, words[1], true);

        packet_send(fd, &reply);
}
