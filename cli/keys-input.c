/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/keys-input.h"
#include "cli/token-reader.h"
#include "common/cleanup.h"
#include "common/translation.h"

/* Line by line, not shown, up to the end of the input: PEM has several. */
static int read_terminal(Secret *content) {
        TokenReader *reader = calloc(1, sizeof(*reader));
        int r = 0;

        if (!reader)
                return -ENOMEM;
        reader->fd = STDIN_FILENO;
        reader->is_batch = true;
        reader->max_size = KEY_FILE_SIZE_MAX;
        reader->prompt = _("Key, then Ctrl+D: ");
        while (r == 0 && content->size <= KEY_FILE_SIZE_MAX) {
                _cleanup_(secret_freep) Secret *text = NULL;

                r = token_reader_next(reader, &text);
                if (r == 0)
                        r = secret_append(content, text->data, text->size);
                if (r == 0)
                        r = secret_append(content, "\n", 1);
        }
        token_reader_wipe(reader);
        free(reader);
        if (r == 0 || content->size == 0)
                return KEY_E_FILE_SIZE;
        return r == TOKEN_READER_E_END ? 0 : r;
}

/* Do not open /dev/stdin: it cannot be opened if it is a socket, as some programs give their children, nor if
 * it is a file that we have no right to open ourselves. */
int keys_input_load(const char *file, Keyring *keyring, KeyFault *fault) {
        static const KeyFileRules rules = { .any_place = true, .refresh = true };
        _cleanup_(secret_freep) Secret *content = NULL;
        int r;

        if (strcmp(file, "-") != 0)
                return key_file_load(keyring, file, &rules, fault);
        r = secret_new(NULL, 0, &content);
        if (r == 0)
                r = isatty(STDIN_FILENO) ? read_terminal(content)
                                         : key_file_read_open(STDIN_FILENO, content);
        if (r)
                return key_fault_set(fault, file, r);
        return key_file_parse(keyring, content, &rules, fault);
}
