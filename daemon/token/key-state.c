/* SPDX-License-Identifier: MIT */
#include "daemon/token/key-state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/text.h"
#include "daemon/token/claims.h"
#include "daemon/token/json-text.h"
#include "daemon/token/key-file.h"

static int take_kid(const char *text, size_t size, char kid[KEY_KID_MAX + 1]) {
        if (size == 0 || size > KEY_KID_MAX || text_has_control(text, size))
                return KEY_E_STATE;
        memcpy(kid, text, size);
        kid[size] = '\0';
        return 0;
}

static int take_retiring(json_t *object, KeyState *state) {
        const char *kid;
        json_t *until;

        if (!json_is_object(object) || json_object_size(object) > KEY_STATE_RETIRING_MAX)
                return KEY_E_STATE;
        json_object_foreach(object, kid, until) {
                KeyRetirement *row = &state->retiring[state->n_retiring++];

                if (!json_is_integer(until) || json_integer_value(until) < 0 ||
                        (uint64_t)json_integer_value(until) > CLAIMS_TIME_MAX ||
                        take_kid(kid, strlen(kid), row->kid))
                        return KEY_E_STATE;
                row->until_sec = (uint64_t)json_integer_value(until);
        }
        return 0;
}

/* Unknown members are refused: they are of a later version, and this one could act against them. */
static int take_members(json_t *object, KeyState *state) {
        json_t *signing = json_object_get(object, "signing");
        json_t *retiring = json_object_get(object, "retiring");
        int r = 0;

        if (json_object_size(object) != (size_t)(signing != NULL) + (retiring != NULL))
                return KEY_E_STATE;
        if (signing)
                r = json_is_string(signing) ? take_kid(json_string_value(signing),
                                                      json_string_length(signing), state->signing)
                                            : KEY_E_STATE;
        if (r == 0 && retiring)
                r = take_retiring(retiring, state);
        return r;
}

int key_state_parse(const char *text, size_t size, KeyState *ret_state) {
        _cleanup_(freep) KeyState *state = calloc(1, sizeof(*state));
        json_t *object;
        int r;

        if (!state || json_text_parse(text, size, &object))
                return KEY_E_STATE;
        r = take_members(object, state);
        json_decref(object);
        if (r == 0)
                *ret_state = *state;
        return r;
}

static json_t *retiring_object(const KeyState *state) {
        json_t *object = json_object();

        for (size_t i = 0; object && i < state->n_retiring; i++)
                if (json_object_set_new(object, state->retiring[i].kid,
                            json_integer((json_int_t)state->retiring[i].until_sec))) {
                        json_decref(object);
                        return NULL;
                }
        return object;
}

int key_state_format(const KeyState *state, Secret **ret_text) {
        json_t *object = json_pack("{s:o}", "retiring", retiring_object(state));
        char *text = NULL;
        int r = object ? 0 : -ENOMEM;

        if (r == 0 && *state->signing)
                r = json_object_set_new(object, "signing", json_string(state->signing)) ? -ENOMEM
                                                                                        : 0;
        if (r == 0)
                text = json_dumps(object, JSON_INDENT(2) | JSON_SORT_KEYS);
        json_decref(object);
        if (!text)
                return -ENOMEM;
        r = secret_new(text, strlen(text), ret_text);
        free(text);
        return r;
}

int key_state_load(const char *directory, uid_t owner, KeyState *ret_state, KeyFault *fault) {
        const KeyFileRules rules = { .owner = owner };
        _cleanup_(secret_freep) Secret *content = NULL;
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, "%s/" KEY_STATE_FILE, directory) < 0) {
                path = NULL;
                return key_fault_set(fault, directory, -ENOMEM);
        }
        r = key_file_read(path, &rules, &content);
        if (r == -ENOENT) {
                memset(ret_state, 0, sizeof(*ret_state));
                return 0;
        }
        if (r == 0)
                r = key_state_parse(content->data, content->size, ret_state);
        return r ? key_fault_set(fault, path, r) : 0;
}

int key_state_save(const KeyPlace *place, const KeyState *state) {
        _cleanup_(secret_freep) Secret *text = NULL;
        int r;

        r = key_state_format(state, &text);
        return r ? r : key_place_write(place, KEY_STATE_FILE, text);
}

const KeyRetirement *key_state_find(const KeyState *state, const char *kid) {
        for (size_t i = 0; kid && i < state->n_retiring; i++)
                if (!strcmp(state->retiring[i].kid, kid))
                        return &state->retiring[i];
        return NULL;
}

int key_state_retire(KeyState *state, const char *kid, uint64_t until_sec) {
        KeyRetirement *row = (KeyRetirement *)key_state_find(state, kid);

        if (!row) {
                if (state->n_retiring == KEY_STATE_RETIRING_MAX)
                        return KEY_E_FULL;
                row = &state->retiring[state->n_retiring++];
                (void)snprintf(row->kid, sizeof(row->kid), "%s", kid);
                row->until_sec = until_sec;
        }
        if (until_sec > row->until_sec)
                row->until_sec = until_sec;
        return 0;
}

void key_state_forget(KeyState *state, const char *kid) {
        KeyRetirement *row = (KeyRetirement *)key_state_find(state, kid);

        if (row)
                *row = state->retiring[--state->n_retiring];
}
