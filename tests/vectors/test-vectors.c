/* SPDX-License-Identifier: MIT */
#include "vectors.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/cleanup.h"

#define EXIT_SKIPPED 77

void vectors_note(VectorRun *run, const Vector *vector, bool expected, bool taken) {
        if (expected == taken) {
                run->n_right++;
                return;
        }
        run->n_wrong++;
        printf("WRONG %s #%d: must be %s, was %s\n", vector->file, vector->id,
                expected ? "taken" : "refused", taken ? "taken" : "refused");
}

static void visit_group(VectorRun *run, const char *file, const json_t *group, VectorVisit visit) {
        const json_t *test;
        size_t i;

        json_array_foreach(json_object_get(group, "tests"), i, test) {
                Vector vector = {
                        .file = file,
                        .group = group,
                        .test = test,
                        .id = (int)json_integer_value(json_object_get(test, "tcId")),
                        .result = json_string_value(json_object_get(test, "result")),
                };

                visit(run, &vector);
        }
}

void vectors_visit(VectorRun *run, const char *file, VectorVisit visit) {
        unsigned before = run->n_right + run->n_wrong;
        _cleanup_(freep) char *path = NULL;
        json_t *content = NULL;
        const json_t *group;
        size_t i;

        if (asprintf(&path, "%s/wycheproof/%s", run->folder, file) > 0)
                content = json_load_file(path, 0, NULL);
        json_array_foreach(json_object_get(content, "testGroups"), i, group)
                visit_group(run, file, group, visit);
        json_decref(content);
        if (run->n_right + run->n_wrong == before) {
                printf("WRONG %s: no vectors in it\n", file);
                run->n_wrong++;
        }
}

Keyring *vectors_ring(const char *text, const KeyFileRules *rules) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        _cleanup_(closep) int fd = memfd_create("key", MFD_CLOEXEC);
        char path[64];

        if (!text || fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
                return NULL;
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (keyring_new(&keyring) || key_file_load(keyring, path, rules, NULL))
                return NULL;
        return TAKE_PTR(keyring);
}

int main(int argc, char **argv) {
        VectorRun run = { .folder = argc > 1 ? argv[1] : "" };

        if (!run.folder[0]) {
                fputs("SKIPPED: no folder with test vectors; configure with -Dvectors=FOLDER\n",
                        stderr);
                return EXIT_SKIPPED;
        }
        vectors_jose(&run);
        vectors_primitive(&run);
        vectors_json(&run);
        printf("%u vectors right, %u wrong\n", run.n_right, run.n_wrong);
        return run.n_wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
