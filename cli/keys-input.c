/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <unistd.h>

#include "cli/keys-input.h"
#include "common/cleanup.h"

/* Not by the name /dev/stdin: a socket, as some programs give their children, has none that can be opened, and a
 * file that somebody else has opened for us need not be ours to open. */
int keys_input_load(const char *file, Keyring *keyring, KeyFault *fault) {
        static const KeyFileRules rules = { .any_place = true, .refresh = true };
        _cleanup_(secret_freep) Secret *content = NULL;
        int r;

        if (strcmp(file, "-") != 0)
                return key_file_load(keyring, file, &rules, fault);
        r = secret_new(NULL, 0, &content);
        if (r == 0)
                r = key_file_read_open(STDIN_FILENO, content);
        if (r)
                return key_fault_set(fault, file, r);
        return key_file_parse(keyring, content, &rules, fault);
}
