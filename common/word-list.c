/* SPDX-License-Identifier: MIT */
#include "common/word-list.h"

#include <errno.h>
#include <string.h>

#define BLANKS " \t"

int word_list_parse(const char *text, WordList *ret_list) {
        WordList list = { .text = strdup(STRING_OR_EMPTY(text)) };
        char *cursor = list.text;

        /* Each word but the last takes two bytes of the text. */
        list.words = list.text ? calloc(strlen(list.text) / 2 + 1, sizeof(char *)) : NULL;
        if (!list.words) {
                word_list_clear(&list);
                return -ENOMEM;
        }
        for (;;) {
                cursor += strspn(cursor, BLANKS);
                if (!*cursor)
                        break;
                list.words[list.n_words++] = cursor;
                cursor += strcspn(cursor, BLANKS);
                if (!*cursor)
                        break;
                *cursor++ = '\0';
        }
        *ret_list = list;
        return 0;
}

void word_list_clear(WordList *list) {
        free(list->words);
        free(list->text);
        *list = (WordList){ 0 };
}
