/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/redis-guard.h"

#define N_KEYS_AT   2 /* behind the command and the script */
#define N_KEYS_MAX  1000u
#define NUMBER_SIZE 24u
#define N_MORE      2u

/* Both stand last, and are taken away before the commit script counts what is there. */
static const char guard[] = "local begins = table.remove(ARGV)\n"
                            "local mark = redis.call('GET', table.remove(KEYS)) or ''\n"
                            "if string.sub(mark, 1, #begins) ~= begins then return 2 end\n";

static int insert(RedisCommit *commit, int at, char *text) {
        size_t n_behind = (size_t)(commit->argc - at);

        if (!text)
                return -ENOMEM;
        memmove(&commit->argv[at + 1], &commit->argv[at], n_behind * sizeof(*commit->argv));
        memmove(&commit->owned[at + 1], &commit->owned[at], n_behind * sizeof(*commit->owned));
        commit->argv[at] = commit->owned[at] = text;
        commit->argc++;
        return 0;
}

static int grow(RedisCommit *commit) {
        size_t size = (size_t)commit->argc + N_MORE;
        const char **argv = reallocarray(commit->argv, size, sizeof(*argv));
        char **owned;

        if (!argv)
                return -ENOMEM;
        commit->argv = argv;
        owned = reallocarray(commit->owned, size, sizeof(*owned));
        if (!owned)
                return -ENOMEM;
        commit->owned = owned;
        return 0;
}

int redis_guard_add(RedisCommit *commit, char *key, const char *begins) {
        _cleanup_(freep) char *owned = key;
        char number[NUMBER_SIZE], *text;
        uint64_t n_keys;
        int r;

        if (text_parse_u64(commit->argv[N_KEYS_AT], N_KEYS_MAX, &n_keys))
                return -EINVAL;
        snprintf(number, sizeof(number), "%u", (unsigned int)n_keys + 1);
        text = strdup(number);
        if (!text)
                return -ENOMEM;
        /* It may stand in the scratch, and then is not to be freed. */
        free(commit->owned[N_KEYS_AT]);
        commit->argv[N_KEYS_AT] = commit->owned[N_KEYS_AT] = text;
        r = grow(commit);
        if (r == 0)
                r = insert(commit, N_KEYS_AT + 1 + (int)n_keys, TAKE_PTR(owned));
        if (r == 0)
                r = insert(commit, commit->argc, strdup(begins));
        if (r == 0 && asprintf(&commit->script, "%s%s", guard, redis_commit_script) < 0) {
                commit->script = NULL;
                r = -ENOMEM;
        }
        return r;
}
