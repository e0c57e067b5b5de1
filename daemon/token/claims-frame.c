/* SPDX-License-Identifier: MIT */
#include "daemon/token/claims-frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/token/claims-composer.h"
#include "daemon/token/jti.h"
#include "daemon/token/token-issuer.h"

#define KEY_SIZE_MAX 512u

/* The claims that differ from token to token, in the order in which libjwt writes them. A quote inside a
 * text is written with a backslash, so none of these can occur in a text. */
static const struct Slot {
        const char *begin;
        char end; /* the first character that is not in the value */
} slots[] = {
        { "\"exp\":", ',' },
        { "\"iat\":", ',' },
        { "\"jti\":\"", '"' },
        { "\"sub\":\"", '"' },
};

#define SLOTS_COUNT ARRAY_SIZE(slots)

/* The parts that must be the same for a frame to fit. */
typedef struct FrameKey {
        char bytes[KEY_SIZE_MAX];
        size_t size;
        bool fits;
} FrameKey;

struct ClaimsFrame {
        FrameKey key;
        char *parts[SLOTS_COUNT + 1]; /* the text around the slots */
        size_t sizes[SLOTS_COUNT + 1];
};

/* The written value of a slot. */
typedef struct SlotTexts {
        char expires_at[TEXT_U64_SIZE_MAX + 1], issued_at[TEXT_U64_SIZE_MAX + 1];
        char jti[JTI_SIZE_MAX + 1];
        const char *texts[SLOTS_COUNT];
        size_t sizes[SLOTS_COUNT];
} SlotTexts;

static void put_byte(FrameKey *key, char byte) {
        key->fits = key->fits && key->size < sizeof(key->bytes);
        if (key->fits)
                key->bytes[key->size++] = byte;
}

/* With a byte that tells it from no text, and separates it from the next. */
static void put_text(FrameKey *key, const char *text) {
        size_t size = text ? strlen(text) + 1 : 0;

        put_byte(key, text ? '+' : '-');
        key->fits = key->fits && size <= sizeof(key->bytes) - key->size;
        if (!key->fits || size == 0)
                return;
        memcpy(key->bytes + key->size, text, size);
        key->size += size;
}

static void put_list(FrameKey *key, const char *const *items, size_t n_items) {
        for (size_t i = 0; i < n_items; i++)
                put_text(key, items[i]);
        put_byte(key, '.');
}

/* A caller's own object may have members of any name; and few tokens have a begin after their issue. */
static void make_key(const IssueRequest *request, FrameKey *key) {
        key->size = 0;
        key->fits = !request->data_json && !request->has_not_before;
        put_text(key, request->issuer);
        put_text(key, request->platform);
        put_text(key, request->device);
        put_text(key, request->source);
        put_text(key, request->tenant);
        put_text(key, request->name);
        put_list(key, request->audience, request->n_audience);
        put_list(key, request->roles, request->n_roles);
}

static bool key_equal(const FrameKey *a, const FrameKey *b) {
        return a->fits && b->fits && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static void set_slot(SlotTexts *values, size_t i, const char *text, size_t size) {
        values->texts[i] = text;
        values->sizes[i] = size;
}

static void write_slots(const IssueRequest *request, SlotTexts *values) {
        set_slot(values, 0, values->expires_at,
                text_format_u64(request->expires_at_sec, values->expires_at));
        set_slot(values, 1, values->issued_at,
                text_format_u64(request->issued_at_sec, values->issued_at));
        jti_format(request->sid, request->generation, values->jti);
        set_slot(values, 2, values->jti, strlen(values->jti));
        set_slot(values, 3, request->subject, strlen(request->subject));
}

static int fill(const ClaimsFrame *frame, const SlotTexts *values, char **ret_payload) {
        size_t size = frame->sizes[SLOTS_COUNT];
        char *payload, *end;

        for (size_t i = 0; i < SLOTS_COUNT; i++)
                size += frame->sizes[i] + values->sizes[i];
        payload = end = malloc(size + 1);
        if (!payload)
                return -ENOMEM;
        for (size_t i = 0; i < SLOTS_COUNT; i++) {
                end = mempcpy(end, frame->parts[i], frame->sizes[i]);
                end = mempcpy(end, values->texts[i], values->sizes[i]);
        }
        end = mempcpy(end, frame->parts[SLOTS_COUNT], frame->sizes[SLOTS_COUNT]);
        *end = '\0';
        *ret_payload = payload;
        return 0;
}

static void clear(ClaimsFrame *frame) {
        for (size_t i = 0; i <= SLOTS_COUNT; i++)
                free(frame->parts[i]);
        *frame = (ClaimsFrame){ 0 };
}

static bool keep_part(ClaimsFrame *frame, size_t i, const char *begin, size_t size) {
        frame->parts[i] = strndup(begin, size);
        frame->sizes[i] = size;
        return frame->parts[i] != NULL;
}

static bool take_apart(ClaimsFrame *frame, const char *payload) {
        const char *at = payload;

        for (size_t i = 0; i < SLOTS_COUNT; i++) {
                const char *begin = strstr(at, slots[i].begin), *end;

                if (!begin)
                        return false;
                begin += strlen(slots[i].begin);
                end = strchr(begin, slots[i].end);
                if (!end || !keep_part(frame, i, at, (size_t)(begin - at)))
                        return false;
                at = end;
        }
        return keep_part(frame, SLOTS_COUNT, at, strlen(at));
}

/* The frame is kept only if it reproduces the text that it was made of. */
static void keep(
        ClaimsFrame *frame, const FrameKey *key, const SlotTexts *values, const char *payload) {
        _cleanup_(freep) char *again = NULL;

        clear(frame);
        if (key->fits && take_apart(frame, payload) && fill(frame, values, &again) == 0 &&
                strcmp(again, payload) == 0)
                frame->key = *key;
        else
                clear(frame);
}

int claims_frame_compose(ClaimsFrame *frame, const IssueRequest *request, char **ret_payload) {
        SlotTexts values;
        FrameKey key;
        int r;

        if (!frame)
                return claims_compose(request, ret_payload);
        make_key(request, &key);
        write_slots(request, &values);
        if (key_equal(&key, &frame->key))
                return fill(frame, &values, ret_payload);
        r = claims_compose(request, ret_payload);
        if (r == 0)
                keep(frame, &key, &values, *ret_payload);
        return r;
}

int claims_frame_new(ClaimsFrame **ret_frame) {
        *ret_frame = calloc(1, sizeof(**ret_frame));
        return *ret_frame ? 0 : -ENOMEM;
}

ClaimsFrame *claims_frame_free(ClaimsFrame *frame) {
        if (!frame)
                return NULL;
        clear(frame);
        free(frame);
        return NULL;
}
