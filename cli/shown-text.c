/* SPDX-License-Identifier: MIT */

#include <stdint.h>
#include <string.h>

#include "cli/shown-text.h"
#include "common/cleanup.h"
#include "common/text.h"

/* The characters of Unicode Standard Annex 9, section 2: their first bytes, and the range of the last
 * one. */
static const struct {
        const char *begin;
        uint8_t first, last;
} directions[] = {
        { "\xd8", 0x9c, 0x9c },     /* U+061C */
        { "\xe2\x80", 0x8e, 0x8f }, /* U+200E, U+200F */
        { "\xe2\x80", 0xaa, 0xae }, /* U+202A … U+202E */
        { "\xe2\x81", 0xa6, 0xa9 }, /* U+2066 … U+2069 */
};

size_t shown_text_foul(const char *text) {
        size_t size;

        for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
                uint8_t last;

                size = strlen(directions[i].begin);

                if (strncmp(text, directions[i].begin, size) != 0)
                        continue;
                last = (uint8_t)text[size];
                if (last >= directions[i].first && last <= directions[i].last)
                        return size + 1;
        }
        /* Those of C1 take two bytes. */
        size = (uint8_t)*text == 0xc2 && text[1] ? 2 : 1;
        return *text && text_has_control(text, size) ? size : 0;
}

void shown_text_clean(char *text) {
        char *end = text;

        while (*text) {
                size_t size = shown_text_foul(text);

                *end++ = size ? '?' : *text;
                text += size ? size : 1;
        }
        *end = '\0';
}
