#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * An a{sv} of a reply, as text by key.
 */

#include <stddef.h>
#include <systemd/sd-bus.h>

#include "common/cleanup.h"

typedef struct Dictionary Dictionary;
typedef struct DictionaryEntry DictionaryEntry;

/**
 * dictionary_new() - nothing
 * @ret_dictionary: owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int dictionary_new(Dictionary **ret_dictionary);

/**
 * dictionary_free() - free all of a list of dictionaries
 * @dictionary: the first; NULL is fine
 *
 * Return: NULL.
 */
Dictionary *dictionary_free(Dictionary *dictionary);
DEFINE_CLEANUP(Dictionary, dictionary_free)

/**
 * dictionary_read() - read an a{sv}
 * @message:    the next element is one
 * @ret_dictionary: owned by the caller
 *
 * Values of other types than text, number, boolean, list of text or list of dictionaries are skipped: a
 * newer daemon may send more. Return: 0; negative errno.
 */
int dictionary_read(sd_bus_message *message, Dictionary **ret_dictionary);

/**
 * dictionary_read_all() - read an aa{sv}
 * @message:    the next element is one
 * @ret_first:  owned by the caller; NULL when the array is empty
 *
 * Return: 0; negative errno.
 */
int dictionary_read_all(sd_bus_message *message, Dictionary **ret_first);

/**
 * dictionary_next() - walk over what dictionary_read_all() read
 * @dictionary: any
 *
 * Return: borrowed; NULL after the last.
 */
const Dictionary *dictionary_next(const Dictionary *dictionary);

/**
 * dictionary_set() - add text under a key
 * @dictionary: grows
 * @key:        copied
 * @text:       copied
 *
 * Return: 0; -ENOMEM.
 */
int dictionary_set(Dictionary *dictionary, const char *key, const char *text);

/**
 * dictionary_text() - a value as text
 * @dictionary: any
 * @key:        NULL finds nothing
 *
 * Numbers are decimal, booleans "0" or "1", the items of a list each on a line of their own.
 * Return: borrowed; NULL if there is no such key.
 */
const char *dictionary_text(const Dictionary *dictionary, const char *key);

/**
 * dictionary_list() - a value that is a list of dictionaries
 * @dictionary: any
 * @key:        which
 *
 * Return: borrowed, the first one; NULL if there is none.
 */
const Dictionary *dictionary_list(const Dictionary *dictionary, const char *key);
