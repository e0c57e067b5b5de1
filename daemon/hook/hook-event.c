/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>

#include "common/cleanup.h"
#include "daemon/hook/hook-event.h"

static json_t *text_or_null(const char *text) {
        return text ? json_string(text) : json_null();
}

static int add_texts(json_t *object, const HookEvent *event) {
        const struct {
                const char *name, *value;
        } texts[] = {
                { "event", hook_kind_name(event->kind) },
                { "user", event->user },
                { "session", event->session },
                { "service", event->service },
                { "tty", event->tty },
                { "rhost", event->rhost },
                { "host", event->host },
                { "reason", event->reason },
                { "platform", event->platform },
                { "device", event->device },
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (json_object_set_new(object, texts[i].name, text_or_null(texts[i].value)))
                        return -EINVAL;
        return 0;
}

int hook_event_encode(const HookEvent *event, char **ret_json) {
        json_t *object = json_object();
        char *json = NULL;
        int r;

        if (!object)
                return -ENOMEM;
        r = add_texts(object, event);
        if (r == 0 &&
                (json_object_set_new(object, "time", json_integer((json_int_t)event->time_sec)) ||
                        json_object_set_new(object, "version", json_integer(HOOK_EVENT_VERSION))))
                r = -ENOMEM;
        if (r == 0) {
                json = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
                r = json ? 0 : -ENOMEM;
        }
        json_decref(object);
        if (r < 0)
                return r;
        *ret_json = json;
        return 0;
}
