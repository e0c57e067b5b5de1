/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/keys-input.h"
#include "common/cleanup.h"

#define READ_SIZE 4096u

static int read_input(Secret *content) {
        char buffer[READ_SIZE];
        ssize_t n = 1;
        int r = 0;

        while (r == 0 && n != 0) {
                n = read(STDIN_FILENO, buffer, sizeof(buffer));
                if (n > 0)
                        r = secret_append(content, buffer, (size_t)n);
                else if (n < 0 && errno != EINTR)
                        r = -errno;
                if (r == 0 && content->size > KEY_FILE_SIZE_MAX)
                        r = KEY_E_FILE_SIZE;
        }
        secret_wipe(buffer, sizeof(buffer));
        return r == 0 && content->size == 0 ? KEY_E_FILE_SIZE : r;
}

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
                r = read_input(content);
        if (r)
                return key_fault_set(fault, file, r);
        return key_file_parse(keyring, content, &rules, fault);
}
