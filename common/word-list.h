#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Words with white space between them, as values of the configuration have them.
 */

#include <stddef.h>

#include "common/cleanup.h"

typedef struct WordList {
        char *text;   /* owned; the words lie in it */
        char **words; /* owned array */
        size_t n_words;
} WordList;

/**
 * word_list_parse() - take a text apart at spaces and tabs
 * @text:       NUL-terminated; NULL is an empty list
 * @ret_list:   to be cleared by word_list_clear()
 *
 * Return: 0; -ENOMEM.
 */
int word_list_parse(const char *text, WordList *ret_list);

/**
 * word_list_clear() - free what a list owns
 * @list:       empty afterwards
 */
void word_list_clear(WordList *list);
