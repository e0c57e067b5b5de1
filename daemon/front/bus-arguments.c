/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/secret.h"
#include "common/text.h"
#include "common/translation.h"
#include "daemon/front/bus-arguments.h"
#include "daemon/front/bus-error.h"
#include "daemon/policy/binding.h"
#include "daemon/token/jti.h"

typedef enum OptionKind {
        OPTION_TEXT,
        OPTION_LIST,
        OPTION_NUMBER,
        OPTION_JSON,
        OPTION_USER_NAME,
        OPTION_PLACE,
        OPTION_FLAG,
} OptionKind;

typedef struct OptionRow {
        const char *key;
        BusOption option;
        OptionKind kind;
        size_t offset; /* in BusArguments */
} OptionRow;

static const OptionRow option_rows[] = {
        { "audience", BUS_OPTION_AUDIENCE, OPTION_LIST, offsetof(BusArguments, audience) },
        { "audience", BUS_OPTION_ONE_AUDIENCE, OPTION_TEXT, offsetof(BusArguments, one_audience) },
        { "roles", BUS_OPTION_ROLES, OPTION_LIST, offsetof(BusArguments, roles) },
        { "platform", BUS_OPTION_PLATFORM, OPTION_TEXT, offsetof(BusArguments, platform) },
        { "device", BUS_OPTION_DEVICE, OPTION_TEXT, offsetof(BusArguments, device) },
        { "source", BUS_OPTION_SOURCE, OPTION_TEXT, offsetof(BusArguments, source) },
        { "name", BUS_OPTION_NAME, OPTION_TEXT, offsetof(BusArguments, name) },
        { "client_address", BUS_OPTION_CLIENT_ADDRESS, OPTION_PLACE,
                offsetof(BusArguments, client_address) },
        { "user_agent", BUS_OPTION_USER_AGENT, OPTION_TEXT, offsetof(BusArguments, user_agent) },
        { "data", BUS_OPTION_DATA, OPTION_JSON, offsetof(BusArguments, data_json) },
        { "lifetime", BUS_OPTION_LIFETIME, OPTION_NUMBER, offsetof(BusArguments, lifetime_sec) },
        { "not_before", BUS_OPTION_NOT_BEFORE, OPTION_NUMBER,
                offsetof(BusArguments, not_before_sec) },
        { "no_refresh", BUS_OPTION_NO_REFRESH, OPTION_FLAG, offsetof(BusArguments, no_refresh) },
        { "user", BUS_OPTION_USER, OPTION_USER_NAME, offsetof(BusArguments, user) },
        { "user", BUS_OPTION_TOKEN_USER, OPTION_TEXT, offsetof(BusArguments, token_user) },
        { "long", BUS_OPTION_LONG, OPTION_FLAG, offsetof(BusArguments, is_long) },
        { "algorithm", BUS_OPTION_ALGORITHM, OPTION_TEXT, offsetof(BusArguments, algorithm) },
        { "kid", BUS_OPTION_KID, OPTION_TEXT, offsetof(BusArguments, kid) },
        { "stage", BUS_OPTION_STAGE, OPTION_FLAG, offsetof(BusArguments, stage) },
};

/* One reading of one message. */
typedef struct Reader {
        sd_bus_message *message;
        const BusArgumentRule *rule;
        size_t token_max;
        BusArguments *arguments;
        sd_bus_error *error;
        unsigned int seen; /* BusOption, or-ed */
} Reader;

/* @what: the argument or key, for the message. The text itself is not repeated: it may be anything. */
static int check_text(Reader *reader, const char *what, const char *text) {
        size_t size = strlen(text);

        if (size == 0)
                return bus_error_set_argument(
                        reader->error, REASON_BAD_REQUEST, "%s is empty", what);
        if (size > BUS_TEXT_MAX)
                return bus_error_set_argument(reader->error, REASON_BAD_REQUEST,
                        "%s is longer than %u bytes", what, BUS_TEXT_MAX);
        if (text_has_control(text, size))
                return bus_error_set_argument(
                        reader->error, REASON_BAD_REQUEST, "%s has control characters", what);
        return 0;
}

static int take_user(Reader *reader, const char *text) {
        if (reader->arguments->user)
                return bus_error_set_argument(
                        reader->error, REASON_BAD_REQUEST, N_("the user is given twice"));
        if (!text_is_user_name(text, strnlen(text, USER_NAME_MAX + 1)))
                return bus_error_set_reason(reader->error, REASON_USER_INVALID);
        return text_copy(text, &reader->arguments->user);
}

static int take_note(Reader *reader, const char *text) {
        int r;

        if (*text) {
                r = check_text(reader, "the reason", text);
                if (r < 0)
                        return r;
                /* It is logged, stored with a ban, and passed to hooks. */
                if (text_has_token(text, strlen(text)))
                        return bus_error_set_argument(reader->error, REASON_BAD_REQUEST,
                                N_("the reason has a token in it"));
        }
        return text_copy(text, &reader->arguments->note);
}

static int take_secret(Reader *reader, const char *text, Secret **ret_secret) {
        size_t size = strlen(text);

        if (size > reader->token_max)
                return bus_error_set_reason(reader->error, REASON_TOKEN_TOO_LARGE);
        return secret_new(text, size, ret_secret);
}

/* A text that cannot be a session's id is a mistake in the call. A valid one proves nothing. */
static int take_sid(Reader *reader, const char *text) {
        if (!sid_is_valid(text, strnlen(text, SID_SIZE + 1)))
                return bus_error_set_argument(reader->error, REASON_BAD_REQUEST,
                        "a session id has %u characters of base64url", SID_SIZE);
        return secret_new(text, SID_SIZE, &reader->arguments->subject);
}

/* An empty text matches all. */
static int take_narrower(Reader *reader, const char *what, const char *text, char **ret_copy) {
        int r;

        if (!*text)
                return 0;
        r = check_text(reader, what, text);
        return r < 0 ? r : text_copy(text, ret_copy);
}

static const OptionRow *find_option(const BusArgumentRule *rule, const char *key) {
        for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++)
                if ((rule->options & option_rows[i].option) && !strcmp(option_rows[i].key, key))
                        return &option_rows[i];
        return NULL;
}

/* The key itself is not repeated: it may be anything. */
static int refuse_key(Reader *reader) {
        char known[128] = "";

        for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++)
                if (reader->rule->options & option_rows[i].option) {
                        size_t used = strlen(known);

                        snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "",
                                option_rows[i].key);
                }
        return bus_error_set_argument(reader->error, REASON_BAD_REQUEST,
                "unknown option; the method takes: %s", *known ? known : "none");
}

static int append_item(Reader *reader, const OptionRow *row, BusTextList *list, const char *text) {
        int r;

        r = check_text(reader, row->key, text);
        if (r < 0)
                return r;
        if (list->n_items >= BUS_LIST_MAX)
                return bus_error_set_argument(reader->error, REASON_BAD_REQUEST,
                        "%s has more than %u entries", row->key, BUS_LIST_MAX);
        r = text_copy(text, &list->items[list->n_items]);
        if (r >= 0)
                list->n_items++;
        return r;
}

static int take_list(Reader *reader, const OptionRow *row, BusTextList *list) {
        const char *text;
        int r;

        r = sd_bus_message_enter_container(reader->message, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(reader->message, "s", &text)) > 0)
                r = append_item(reader, row, list, text);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(reader->message);
}

static int take_json(Reader *reader, const OptionRow *row, const char *text, char **ret_copy) {
        if (!*text)
                return bus_error_set_argument(
                        reader->error, REASON_BAD_REQUEST, "%s is empty", row->key);
        if (strnlen(text, BUS_DATA_MAX + 1) > BUS_DATA_MAX)
                return bus_error_set_argument(reader->error, REASON_BAD_REQUEST,
                        "%s is longer than %u bytes", row->key, BUS_DATA_MAX);
        return text_copy(text, ret_copy);
}

/* A value that a session can be bound to, even if the present rules bind none. */
static int check_place(Reader *reader, const char *what, const char *text) {
        char place[BINDING_PLACE_MAX + 1];

        if (binding_place(text, place))
                return 0;
        return bus_error_set_argument(reader->error, REASON_BAD_REQUEST,
                "%s is neither an address nor the name of a host", what);
}

/* Inside the variant, whose type has been compared. */
static int take_value(Reader *reader, const OptionRow *row, bool is_array) {
        void *member = (char *)reader->arguments + row->offset;
        const char *text;
        int r;

        if (row->kind == OPTION_NUMBER)
                return sd_bus_message_read(reader->message, "t", (uint64_t *)member);
        if (row->kind == OPTION_FLAG)
                return sd_bus_message_read(reader->message, "b", (int *)member);
        if (is_array)
                return take_list(reader, row, member);
        r = sd_bus_message_read(reader->message, "s", &text);
        if (r < 0)
                return r;
        switch (row->kind) {
        case OPTION_LIST:
                return append_item(reader, row, member, text);
        case OPTION_JSON:
                return take_json(reader, row, text, member);
        case OPTION_USER_NAME:
                return take_user(reader, text);
        case OPTION_TEXT:
        case OPTION_PLACE:
        case OPTION_NUMBER:
        case OPTION_FLAG:
                break;
        }
        r = check_text(reader, row->key, text);
        if (r >= 0 && row->kind == OPTION_PLACE)
                r = check_place(reader, row->key, text);
        return r < 0 ? r : text_copy(text, member);
}

static const char *type_of(OptionKind kind) {
        if (kind == OPTION_NUMBER)
                return "t";
        return kind == OPTION_FLAG ? "b" : "s";
}

static int take_option(Reader *reader, const OptionRow *row) {
        const char *wanted = type_of(row->kind), *type;
        bool is_array;
        int r;

        r = sd_bus_message_peek_type(reader->message, NULL, &type);
        if (r < 0)
                return r;
        is_array = row->kind == OPTION_LIST && !strcmp(type, "as");
        if (!is_array && strcmp(type, wanted) != 0)
                return bus_error_set_argument(reader->error, REASON_BAD_REQUEST,
                        "%s is of type '%.16s', not '%s'%s", row->key, type, wanted,
                        row->kind == OPTION_LIST ? " or 'as'" : "");
        r = sd_bus_message_enter_container(reader->message, 'v', is_array ? "as" : wanted);
        if (r >= 0)
                r = take_value(reader, row, is_array);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(reader->message);
}

static int take_entry(Reader *reader) {
        const OptionRow *row;
        const char *key;
        int r;

        r = sd_bus_message_read(reader->message, "s", &key);
        if (r < 0)
                return r;
        row = find_option(reader->rule, key);
        if (!row)
                return refuse_key(reader);
        if (reader->seen & row->option)
                return bus_error_set_argument(
                        reader->error, REASON_BAD_REQUEST, "%s is given twice", row->key);
        reader->seen |= row->option;
        return take_option(reader, row);
}

static int take_options(Reader *reader) {
        int r;

        r = sd_bus_message_enter_container(reader->message, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(reader->message, 'e', "sv")) > 0) {
                r = take_entry(reader);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reader->message);
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(reader->message);
}

static int take_argument(Reader *reader, BusArgument argument) {
        const char *text;
        int r;

        if (argument == BUS_ARGUMENT_OPTIONS)
                return take_options(reader);
        if (argument == BUS_ARGUMENT_NUMBER)
                return sd_bus_message_read(reader->message, "t", &reader->arguments->number);
        r = sd_bus_message_read(reader->message, "s", &text);
        if (r < 0)
                return r;
        switch (argument) {
        case BUS_ARGUMENT_USER:
                return take_user(reader, text);
        case BUS_ARGUMENT_SID:
                return take_sid(reader, text);
        case BUS_ARGUMENT_SUBJECT:
                return take_secret(reader, text, &reader->arguments->subject);
        case BUS_ARGUMENT_TOKEN:
                return take_secret(reader, text, &reader->arguments->token);
        case BUS_ARGUMENT_NOTE:
                return take_note(reader, text);
        case BUS_ARGUMENT_PLATFORM:
                return take_narrower(reader, "platform", text, &reader->arguments->platform);
        case BUS_ARGUMENT_DEVICE:
                return take_narrower(reader, "device", text, &reader->arguments->device);
        case BUS_ARGUMENT_PLACE:
                return take_narrower(reader, "place", text, &reader->arguments->place);
        case BUS_ARGUMENT_NONE:
        case BUS_ARGUMENT_NUMBER:
        case BUS_ARGUMENT_OPTIONS:
                break;
        }
        return -EINVAL;
}

int bus_arguments_read(sd_bus_message *message, const BusArgumentRule *rule, size_t token_max,
        BusArguments *ret_arguments, sd_bus_error *error) {
        Reader reader = {
                .message = message,
                .rule = rule,
                .token_max = token_max,
                .arguments = ret_arguments,
                .error = error,
        };
        int r = 0;

        for (size_t i = 0; i < BUS_METHOD_ARGUMENTS_MAX && r >= 0; i++)
                if (rule->arguments[i] != BUS_ARGUMENT_NONE)
                        r = take_argument(&reader, rule->arguments[i]);
        if (r >= 0)
                return 0;
        if (!sd_bus_error_is_set(error))
                bus_error_set_reason(error, r == -ENOMEM ? REASON_INTERNAL : REASON_BAD_REQUEST);
        return r;
}

static void list_clear(BusTextList *list) {
        for (size_t i = 0; i < list->n_items; i++)
                free(list->items[i]);
}

void bus_arguments_clear(BusArguments *arguments) {
        free(arguments->user);
        secret_free(arguments->subject);
        secret_free(arguments->token);
        free(arguments->note);
        list_clear(&arguments->audience);
        list_clear(&arguments->roles);
        free(arguments->one_audience);
        free(arguments->place);
        free(arguments->platform);
        free(arguments->device);
        free(arguments->source);
        free(arguments->name);
        free(arguments->data_json);
        free(arguments->client_address);
        free(arguments->user_agent);
        free(arguments->token_user);
        free(arguments->algorithm);
        free(arguments->kid);
        *arguments = (BusArguments){ 0 };
}
