/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "authtoken/ipc-message.h"

#include "common/base64url.h"
#include "common/cleanup.h"
#include "common/text.h"

typedef enum FieldKind {
        KIND_U64,
        KIND_FLAG,
        KIND_TEXT,
        KIND_HANDLE,
        KIND_TOKEN,
        KIND_JSON,
} FieldKind;

/* A field's bit in the masks below. */
enum {
        HAS_DEADLINE = 1 << 0,
        HAS_USER = 1 << 1,
        HAS_SERVICE = 1 << 2,
        HAS_TOKEN = 1 << 3,
        HAS_HANDLE = 1 << 4,
        HAS_AUDIENCE = 1 << 5,
        HAS_OTHER_AUTH = 1 << 6,
        HAS_TTY = 1 << 7,
        HAS_RHOST = 1 << 8,
        HAS_RUSER = 1 << 9,
        HAS_SESSION = 1 << 10,
        HAS_CLAIMS = 1 << 11,
        HAS_REASON = 1 << 12,
        HAS_ROLE = 1 << 13,
        HAS_MAX_AGE = 1 << 14,

        HAS_ORIGIN = HAS_DEADLINE | HAS_TTY | HAS_RHOST | HAS_RUSER,
};

typedef struct FieldRule {
        uint16_t tag;
        uint32_t has;
        FieldKind kind;
        size_t offset; /* of the member in IpcMessage, whose type follows from the kind */
} FieldRule;

static const FieldRule field_rules[] = {
        { IPC_FIELD_DEADLINE, HAS_DEADLINE, KIND_U64, offsetof(IpcMessage, deadline_usec) },
        { IPC_FIELD_USER, HAS_USER, KIND_TEXT, offsetof(IpcMessage, user) },
        { IPC_FIELD_SERVICE, HAS_SERVICE, KIND_TEXT, offsetof(IpcMessage, service) },
        { IPC_FIELD_TOKEN, HAS_TOKEN, KIND_TOKEN, offsetof(IpcMessage, token) },
        { IPC_FIELD_HANDLE, HAS_HANDLE, KIND_HANDLE, offsetof(IpcMessage, handle) },
        { IPC_FIELD_AUDIENCE, HAS_AUDIENCE, KIND_TEXT, offsetof(IpcMessage, audience) },
        { IPC_FIELD_OTHER_AUTH, HAS_OTHER_AUTH, KIND_FLAG, offsetof(IpcMessage, other_auth) },
        { IPC_FIELD_ROLE, HAS_ROLE, KIND_TEXT, offsetof(IpcMessage, role) },
        { IPC_FIELD_MAX_AGE, HAS_MAX_AGE, KIND_U64, offsetof(IpcMessage, max_age_sec) },
        { IPC_FIELD_TTY, HAS_TTY, KIND_TEXT, offsetof(IpcMessage, tty) },
        { IPC_FIELD_RHOST, HAS_RHOST, KIND_TEXT, offsetof(IpcMessage, rhost) },
        { IPC_FIELD_RUSER, HAS_RUSER, KIND_TEXT, offsetof(IpcMessage, ruser) },
        { IPC_FIELD_SESSION, HAS_SESSION, KIND_TEXT, offsetof(IpcMessage, session) },
        { IPC_FIELD_CLAIMS, HAS_CLAIMS, KIND_JSON, offsetof(IpcMessage, claims) },
        { IPC_FIELD_REASON, HAS_REASON, KIND_TEXT, offsetof(IpcMessage, reason) },
};

typedef struct TypeRule {
        IpcType request;
        uint32_t needs;
        uint32_t may;
        uint32_t answer;
} TypeRule;

static const TypeRule type_rules[] = {
        { IPC_AUTHENTICATE, HAS_USER | HAS_SERVICE | HAS_TOKEN, HAS_ORIGIN | HAS_ROLE,
                HAS_HANDLE | HAS_SESSION },
        { IPC_AUTHENTICATE_SESSION, HAS_USER | HAS_SERVICE, HAS_ORIGIN | HAS_ROLE | HAS_MAX_AGE,
                HAS_HANDLE | HAS_SESSION },
        { IPC_ACCOUNT, HAS_USER | HAS_SERVICE, HAS_ORIGIN | HAS_HANDLE | HAS_OTHER_AUTH, 0 },
        { IPC_OPEN_SESSION, HAS_USER | HAS_SERVICE | HAS_HANDLE, HAS_ORIGIN, 0 },
        { IPC_CLOSE_SESSION, HAS_HANDLE, HAS_DEADLINE, 0 },
        { IPC_VALIDATE, HAS_TOKEN, HAS_DEADLINE | HAS_AUDIENCE, HAS_CLAIMS },
};

/* Once a read fails, every later one does, so the verdict can wait until the end. */
typedef struct Cursor {
        const uint8_t *at;
        size_t left;
        bool failed;
} Cursor;

static const uint8_t *cursor_take(Cursor *cursor, size_t size) {
        const uint8_t *taken = cursor->at;

        if (cursor->failed || size > cursor->left) {
                cursor->failed = true;
                return NULL;
        }

        cursor->at += size;
        cursor->left -= size;
        return taken;
}

static uint64_t cursor_number(Cursor *cursor, size_t size) {
        const uint8_t *bytes = cursor_take(cursor, size);
        uint64_t value = 0;

        for (size_t i = size; bytes && i > 0; i--)
                value = value << 8 | bytes[i - 1];

        return value;
}

static const FieldRule *field_rule(uint32_t tag) {
        for (size_t i = 0; i < ARRAY_SIZE(field_rules); i++)
                if (field_rules[i].tag == tag)
                        return &field_rules[i];

        return NULL;
}

static const TypeRule *type_rule(uint32_t type) {
        for (size_t i = 0; i < ARRAY_SIZE(type_rules); i++)
                if (type_rules[i].request == (type & ~(uint32_t)IPC_REPLY))
                        return &type_rules[i];

        return NULL;
}

static size_t kind_size_max(FieldKind kind) {
        switch (kind) {
        case KIND_U64:
                return sizeof(uint64_t);
        case KIND_FLAG:
                return 0;
        case KIND_TEXT:
                return IPC_TEXT_MAX;
        case KIND_HANDLE:
                return IPC_HANDLE_SIZE;
        case KIND_TOKEN:
                return IPC_TOKEN_MAX;
        case KIND_JSON:
                return UINT16_MAX;
        }

        return 0;
}

/* @bytes is NULL when the cursor failed. */
static bool field_read(
        const FieldRule *rule, const uint8_t *bytes, size_t size, IpcMessage *message) {
        const char *text = (const char *)bytes;
        void *member = (char *)message + rule->offset;
        Cursor number = { .at = bytes, .left = size };

        if (!bytes || size > kind_size_max(rule->kind))
                return false;

        switch (rule->kind) {
        case KIND_U64:
                *(uint64_t *)member = cursor_number(&number, sizeof(uint64_t));
                return !number.failed && *(uint64_t *)member != 0;
        case KIND_FLAG:
                *(bool *)member = true;
                return true;
        case KIND_HANDLE:
                *(IpcBytes *)member = (IpcBytes){ text, size };
                return size == IPC_HANDLE_SIZE && base64url_is_text(text, size);
        case KIND_TOKEN:
                *(IpcBytes *)member = (IpcBytes){ text, size };
                return size > 0;
        case KIND_TEXT:
        case KIND_JSON:
                *(IpcBytes *)member = (IpcBytes){ text, size };
                return size > 0 && text_is_utf8(text, size);
        }

        return false;
}

static bool tag_is_new(uint16_t *tags, size_t count, uint32_t tag) {
        if (count >= IPC_FIELDS_MAX)
                return false;

        for (size_t i = 0; i < count; i++)
                if (tags[i] == tag)
                        return false;

        tags[count] = (uint16_t)tag;
        return true;
}

static bool fields_read(Cursor *cursor, IpcMessage *message, uint32_t *ret_has) {
        uint16_t tags[IPC_FIELDS_MAX];
        uint32_t has = 0;

        for (size_t count = 0; cursor->left > 0; count++) {
                uint64_t tag = cursor_number(cursor, sizeof(uint16_t));
                uint64_t size = cursor_number(cursor, sizeof(uint16_t));
                const uint8_t *bytes = cursor_take(cursor, size);
                const FieldRule *rule = field_rule(tag);

                if (cursor->failed || !tag_is_new(tags, count, tag))
                        return false;
                if (!rule && tag & IPC_FIELD_MANDATORY)
                        return false;
                if (!rule)
                        continue;
                if (!field_read(rule, bytes, size, message))
                        return false;
                has |= rule->has;
        }

        *ret_has = has;
        return true;
}

static bool fields_go_with_type(const IpcMessage *message, const TypeRule *rule, uint32_t has) {
        if (!(message->type & IPC_REPLY))
                return message->status == IPC_STATUS_OK && (has & rule->needs) == rule->needs &&
                       (has & ~(rule->needs | rule->may)) == 0;

        return (has & ~(message->status == IPC_STATUS_OK ? rule->answer : HAS_REASON)) == 0;
}

int ipc_message_decode(const uint8_t *data, size_t size, IpcMessage *ret_message) {
        Cursor cursor = { .at = data, .left = size };
        IpcMessage message = { 0 };
        const TypeRule *rule;
        uint32_t type, status, payload_size, has;

        if (size < IPC_HEADER_SIZE || size > IPC_MESSAGE_MAX)
                return IPC_E_MALFORMED;
        if (cursor_number(&cursor, sizeof(uint32_t)) != IPC_MAGIC)
                return IPC_E_VERSION;
        if (cursor_number(&cursor, sizeof(uint8_t)) != IPC_VERSION)
                return IPC_E_VERSION;

        type = cursor_number(&cursor, sizeof(uint8_t));
        status = cursor_number(&cursor, sizeof(uint16_t));
        message.id = cursor_number(&cursor, sizeof(uint32_t));
        payload_size = cursor_number(&cursor, sizeof(uint32_t));

        rule = type_rule(type);
        if (!rule || status >= IPC_STATUS_COUNT || payload_size != cursor.left)
                return IPC_E_MALFORMED;
        message.type = (IpcType)type;
        message.status = (IpcStatus)status;

        if (!fields_read(&cursor, &message, &has) || !fields_go_with_type(&message, rule, has))
                return IPC_E_MALFORMED;

        *ret_message = message;
        return 0;
}

/* The counterpart of the cursor: it, too, fails for good. */
typedef struct Writer {
        uint8_t *buffer;
        size_t size;
        size_t used;
        bool failed;
} Writer;

static void writer_put(Writer *writer, const void *bytes, size_t size) {
        if (writer->failed || size > writer->size - writer->used) {
                writer->failed = true;
                return;
        }

        memcpy(writer->buffer + writer->used, bytes, size);
        writer->used += size;
}

static void writer_number(Writer *writer, uint64_t value, size_t size) {
        uint8_t bytes[sizeof(uint64_t)];

        for (size_t i = 0; i < size; i++)
                bytes[i] = (uint8_t)(value >> 8 * i);

        writer_put(writer, bytes, size);
}

static void writer_field(Writer *writer, const FieldRule *rule, IpcBytes bytes) {
        if (bytes.size > kind_size_max(rule->kind)) {
                writer->failed = true;
                return;
        }

        writer_number(writer, rule->tag, sizeof(uint16_t));
        writer_number(writer, (uint32_t)bytes.size, sizeof(uint16_t));
        if (bytes.size > 0)
                writer_put(writer, bytes.data, bytes.size);
}

static void field_write(Writer *writer, const FieldRule *rule, const IpcMessage *message) {
        const void *member = (const char *)message + rule->offset;
        const IpcBytes *bytes = member;
        char number[sizeof(uint64_t)];
        Writer digits = { .buffer = (uint8_t *)number, .size = sizeof(number) };

        switch (rule->kind) {
        case KIND_U64:
                writer_number(&digits, *(const uint64_t *)member, sizeof(number));
                if (*(const uint64_t *)member != 0)
                        writer_field(writer, rule, (IpcBytes){ number, sizeof(number) });
                break;
        case KIND_FLAG:
                if (*(const bool *)member)
                        writer_field(writer, rule, (IpcBytes){ 0 });
                break;
        case KIND_TEXT:
        case KIND_HANDLE:
        case KIND_TOKEN:
        case KIND_JSON:
                if (bytes->data && bytes->size > 0)
                        writer_field(writer, rule, *bytes);
                break;
        }
}

int ipc_message_encode(const IpcMessage *message, uint8_t *buffer, size_t size, size_t *ret_used) {
        Writer writer = { .buffer = buffer,
                .size = size < IPC_MESSAGE_MAX ? size : IPC_MESSAGE_MAX };
        Writer length = { .buffer = buffer, .size = writer.size };

        writer_number(&writer, IPC_MAGIC, sizeof(uint32_t));
        writer_number(&writer, IPC_VERSION, sizeof(uint8_t));
        writer_number(&writer, message->type, sizeof(uint8_t));
        writer_number(&writer, message->status, sizeof(uint16_t));
        writer_number(&writer, message->id, sizeof(uint32_t));
        length.used = writer.used;
        writer_number(&writer, 0, sizeof(uint32_t));
        for (size_t i = 0; i < ARRAY_SIZE(field_rules); i++)
                field_write(&writer, &field_rules[i], message);
        if (writer.failed)
                return IPC_E_FULL;

        writer_number(&length, (uint32_t)(writer.used - IPC_HEADER_SIZE), sizeof(uint32_t));
        *ret_used = writer.used;
        return 0;
}

IpcBytes ipc_bytes(const char *text) {
        return (IpcBytes){ .data = text, .size = text ? strlen(text) : 0 };
}
