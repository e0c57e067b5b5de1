/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/replay.h"

#include <string.h>

#include "daemon/token/user-map.h"

/* The entries of a map, and in a second line a name that an issuer made up. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = strndup((const char *)data, size);
        char *line = text ? strchr(text, '\n') : NULL;
        char user[USER_NAME_MAX + 1] = "";
        UserMap *map = NULL;

        if (line)
                *line++ = '\0';
        if (text && user_map_parse(text, &map) == 0 && line &&
                user_map_apply(map, line, user) == REASON_OK) {
                if (!text_is_user_name(user, strlen(user)))
                        __builtin_trap();
                if (strcmp(user, "root") == 0 && !strstr(text, ":root"))
                        __builtin_trap();
        }
        user_map_free(map);
        free(text);
        return 0;
}
