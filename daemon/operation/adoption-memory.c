/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "daemon/journal/journal.h"
#include "daemon/operation/adoption-memory.h"
#include "daemon/operation/operation-object.h"

/* An unusable file was written when the host knew an epoch; which one is unknown. */
static void read_one(Journal *journal, const char *path, AdoptionMemory *memory, bool *is_lost) {
        char text[KEPT_TEXT_MAX + 1];
        int r;

        r = kept_text_read(path, text);
        if (r == 0 && adoption_memory_parse(text, memory))
                r = -EBADMSG;
        if (r == 0 || r == -ENOENT)
                return;
        *is_lost = true;
        journal_log(journal, LOG_WARNING, "adoption: %s is of no use: %s", path, strerror(-r));
}

void adoption_memory_recall(
        Journal *journal, const char *const paths[KEPT_TEXT_FILES], AdoptionMemory *ret_memory) {
        AdoptionMemory runtime = { 0 }, state = { 0 };
        bool is_lost = false;

        read_one(journal, paths[0], &runtime, &is_lost);
        read_one(journal, paths[1], &state, &is_lost);
        if (runtime.known)
                *ret_memory = runtime;
        else if (state.known)
                *ret_memory = state;
        else
                *ret_memory = (AdoptionMemory){ .known = is_lost };
        /* The whole host may have been set back before this boot. Tokens issued since the boot
         * are not affected. */
        if (!runtime.known)
                ret_memory->floor_sec = operation_boot_sec();
}
