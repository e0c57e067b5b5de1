/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <limits.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/secret.h"
#include "daemon/config/config.h"
#include "daemon/front/bus-reply.h"
#include "daemon/login/login-registry.h"
#include "daemon/operation/context.h"
#include "daemon/operation/operation-result.h"
#include "daemon/operation/operation.h"
#include "daemon/token/key-listing.h"
#include "daemon/token/keyring-refresh.h"

#define ENTRY_OVERHEAD ((size_t)32)   /* of the wire format, roughly */
#define REPLACEMENT    "\xef\xbf\xbd" /* U+FFFD */

/* Bytes of the noncharacter of Unicode that begins here, or 0: U+FDD0 … U+FDEF, and the last two of each plane. */
static size_t noncharacter(const char *text) {
        const uint8_t *bytes = (const uint8_t *)text;
        size_t size = bytes[0] == 0xef ? 3 : bytes[0] >= 0xf0 ? 4 : 0;

        if (size == 0 || strnlen(text, size) < size)
                return 0;
        if (size == 3 && bytes[1] == 0xb7)
                return bytes[2] >= 0x90 && bytes[2] <= 0xaf ? size : 0;
        return (bytes[1] & 0x0f) == 0x0f && bytes[size - 2] == 0xbf && bytes[size - 1] >= 0xbe
                       ? size
                       : 0;
}

/* sd-bus takes no message with a noncharacter. A token may have one, and must not prevent the whole list
 * of sessions. @ret_copy: NULL if none is needed. */
static int make_presentable(const char *text, char **ret_copy) {
        const char *at = text;
        char *copy, *end;

        while (*at && noncharacter(at) == 0)
                at++;
        if (!*at)
                return 0;
        copy = end = malloc(strlen(text) + 1);
        if (!copy)
                return -ENOMEM;
        for (at = text; *at;) {
                size_t size = noncharacter(at);

                end = mempcpy(end, size ? REPLACEMENT : at, size ? strlen(REPLACEMENT) : 1);
                at += size ? size : 1;
        }
        *end = '\0';
        *ret_copy = copy;
        return 0;
}

static int append_text(sd_bus_message *reply, const char *text) {
        _cleanup_(freep) char *copy = NULL;
        int r;

        r = make_presentable(text, &copy);
        return r < 0 ? r : sd_bus_message_append(reply, "s", copy ? copy : text);
}

int bus_reply_text(sd_bus_message *reply, const char *key, const char *value) {
        _cleanup_(freep) char *copy = NULL;
        int r;

        if (!value)
                return 0;
        r = make_presentable(value, &copy);
        return r < 0 ? r : sd_bus_message_append(reply, "{sv}", key, "s", copy ? copy : value);
}

int bus_reply_number(sd_bus_message *reply, const char *key, uint64_t value) {
        return sd_bus_message_append(reply, "{sv}", key, "t", value);
}

int bus_reply_flag(sd_bus_message *reply, const char *key, int value) {
        return sd_bus_message_append(reply, "{sv}", key, "b", value);
}

typedef struct TextEntry {
        const char *key, *value;
} TextEntry;

static int append_texts(sd_bus_message *reply, const TextEntry *entries, size_t n_entries) {
        int r = 0;

        for (size_t i = 0; i < n_entries && r >= 0; i++)
                r = bus_reply_text(reply, entries[i].key, entries[i].value);
        return r;
}

/* The store keeps lists as JSON arrays of strings; anything else becomes an empty list here. */
static int append_list(sd_bus_message *reply, const char *key, const char *json) {
        json_t *array = json ? json_loads(json, JSON_REJECT_DUPLICATES, NULL) : NULL;
        const char *text;
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; i < json_array_size(array) && r >= 0; i++) {
                text = json_string_value(json_array_get(array, i));
                if (text)
                        r = append_text(reply, text);
        }
        for (int depth = 0; depth < 3 && r >= 0; depth++)
                r = sd_bus_message_close_container(reply);
        json_decref(array);
        return r;
}

static int append_login(sd_bus_message *reply, const LoginRow *login) {
        const SessionHost *host = login->host;
        const TextEntry texts[] = {
                { "host", host->name },
                { "machine", *host->machine ? host->machine : NULL },
                { "boot", *host->boot ? host->boot : NULL },
                { "id", login->id },
                { "logind", login->logind_id },
                { "service", login->service },
                { "tty", login->tty },
                { "rhost", login->rhost },
        };
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = append_texts(reply, texts, ARRAY_SIZE(texts));
        if (r >= 0 && login->leader)
                r = sd_bus_message_append(reply, "{sv}", "leader", "u", (uint32_t)login->leader);
        if (r >= 0)
                r = bus_reply_number(reply, "opened", login->opened_at_sec);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_logins(sd_bus_message *reply, const SessionRow *row) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", "logins");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "aa{sv}");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; i < row->n_logins && r >= 0; i++)
                r = append_login(reply, &row->logins[i]);
        for (int depth = 0; depth < 3 && r >= 0; depth++)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int append_times(sd_bus_message *reply, const SessionRow *row) {
        int r;

        r = bus_reply_number(reply, "created", row->created_at_sec);
        if (r >= 0 && row->last_seen_sec != 0)
                r = bus_reply_number(reply, "last_seen", row->last_seen_sec);
        if (r >= 0)
                r = bus_reply_number(reply, "expires", row->expires_at_sec);
        if (r >= 0)
                r = bus_reply_number(reply, "token_expires", row->token_end_sec);
        if (r >= 0)
                r = bus_reply_number(reply, "generation", row->generation);
        return r;
}

static const LoginRow *newest_login(const SessionRow *row) {
        const LoginRow *newest = NULL;

        for (size_t i = 0; i < row->n_logins; i++)
                if (!newest || row->logins[i].opened_at_sec >= newest->opened_at_sec)
                        newest = &row->logins[i];
        return newest;
}

static int append_session(sd_bus_message *reply, const SessionRow *row) {
        const LoginRow *login = newest_login(row);
        const TextEntry texts[] = {
                { "session", row->sid },
                { "user", row->user },
                { "tenant", row->tenant },
                { "platform", row->platform },
                { "device", row->device },
                { "source", row->source },
                { "name", row->name },
                { "client_address", row->client_address },
                { "user_agent", row->user_agent },
                { "service", login ? login->service : NULL },
                { "tty", login ? login->tty : NULL },
                { "rhost", login ? login->rhost : NULL },
        };
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = append_texts(reply, texts, ARRAY_SIZE(texts));
        if (r >= 0)
                r = append_times(reply, row);
        if (r >= 0)
                r = append_list(reply, "audience", row->audience_json);
        if (r >= 0)
                r = append_list(reply, "roles", row->roles_json);
        if (r >= 0)
                r = append_logins(reply, row);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static size_t text_cost(const char *text) {
        return ENTRY_OVERHEAD + (text ? strlen(text) : 0);
}

static size_t session_cost(const SessionRow *row) {
        const char *const texts[] = { row->sid, row->user, row->tenant, row->platform, row->device,
                row->source, row->name, row->audience_json, row->roles_json, row->client_address,
                row->user_agent };
        size_t cost = 8 * ENTRY_OVERHEAD;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                cost += text_cost(texts[i]);
        for (size_t i = 0; i < row->n_logins; i++)
                cost += 5 * ENTRY_OVERHEAD + text_cost(row->logins[i].service) +
                        text_cost(row->logins[i].tty) + text_cost(row->logins[i].rhost);
        return cost;
}

int bus_reply_sessions(sd_bus_message *reply, const SessionRow *rows, size_t n_rows) {
        size_t cost = 0;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; i < n_rows && r >= 0; i++) {
                cost += session_cost(&rows[i]);
                if (cost > BUS_REPLY_MAX)
                        return -E2BIG;
                r = append_session(reply, &rows[i]);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_key(sd_bus_message *reply, const Key *key, const char *state, uint64_t end_sec) {
        const Algorithm *algorithm = key_algorithm(key);
        const TextEntry texts[] = {
                { "kid", key_kid(key) },
                { "algorithm", algorithm ? algorithm->name : NULL },
                { "thumbprint", key_thumbprint(key) },
                { "state", state },
                { "file", key_listing_file(key) },
        };
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = append_texts(reply, texts, ARRAY_SIZE(texts));
        if (r >= 0)
                r = bus_reply_flag(reply, "signing", !strcmp(state, "signing"));
        if (r >= 0)
                r = bus_reply_flag(reply, "private", key_may_sign(key) || key_secret(key) != NULL);
        if (r >= 0 && end_sec)
                r = bus_reply_number(reply, "verifies_until", end_sec);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_reply_keys(sd_bus_message *reply, const Keyring *keyring) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; i < keyring_size(keyring) && r >= 0; i++)
                r = append_key(reply, keyring_at(keyring, i), key_listing_state(keyring, i),
                        keyring_end_sec(keyring, i));
        for (size_t i = 0; i < keyring_refresh_size(keyring) && r >= 0; i++)
                r = append_key(reply, keyring_refresh_at(keyring, i), KEY_LISTING_REFRESH, 0);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_reply_tokens(sd_bus_message *reply, const OperationResult *result) {
        int r;

        r = sd_bus_message_sensitive(reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "ss", result->token->data,
                        result->refresh ? result->refresh->data : "");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = bus_reply_text(reply, "session", result->sid);
        if (r >= 0)
                r = bus_reply_text(reply, "jti", result->jti);
        if (r >= 0)
                r = bus_reply_text(reply, "kid", result->kid);
        if (r >= 0)
                r = bus_reply_number(reply, "expires", result->expires_at_sec);
        if (r >= 0)
                r = bus_reply_number(reply, "session_expires", result->session_end_sec);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}
