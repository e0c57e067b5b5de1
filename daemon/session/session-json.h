#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The stored form of one session: a flat JSON object after the table session_members. JSON from a caller
 * comes back byte for byte, so that a token that is signed again on another host holds exactly the claims
 * of the first: data is kept as text, audience and roles as the JSON values, which are always written
 * compactly.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

typedef struct Session Session;

/**
 * session_json_encode() - write a session
 * @session:    borrowed
 * @ret_text:   owned by the caller
 *
 * The sid is not in it. Return: 0; -ENOMEM; -EINVAL for a session that could not be read again: with a
 * text that is not UTF-8, or not JSON of the right type in compact form, or a number above
 * SESSION_NUMBER_MAX.
 */
int session_json_encode(const Session *session, char **ret_text);

/**
 * session_json_decode() - read a session
 * @sid:        SID_SIZE characters and NUL
 * @text:       NUL-terminated
 * @ret_session: owned by the caller
 *
 * Strict: an unknown or duplicate member, a missing number, a wrong type are corrupt.
 * Return: 0; USER_STATE_E_CORRUPT; -ENOMEM.
 */
int session_json_decode(const char *sid, const char *text, Session **ret_session);

/**
 * session_json_has() - whether a text is in one of a session's lists
 * @array_json: audience or roles of a session; NULL is the empty list
 * @text:       NUL-terminated
 */
bool session_json_has(const char *array_json, const char *text);

/**
 * session_json_set_number() - add a number to an object of a stored state
 * @object:     grows
 * @name:       of the member
 * @number:     0 … SESSION_NUMBER_MAX
 *
 * Return: 0; -ENOMEM; -EINVAL above the limit.
 */
int session_json_set_number(json_t *object, const char *name, uint64_t number);

/**
 * session_json_set_text() - add a text to an object of a stored state
 * @object:     grows
 * @name:       of the member
 * @text:       NUL-terminated
 *
 * Return: 0; -ENOMEM; -EINVAL not UTF-8.
 */
int session_json_set_text(json_t *object, const char *name, const char *text);

/**
 * session_json_get_number() - the reverse of session_json_set_number()
 * @value:      NULL is no number
 * @ret_number: untouched on failure
 *
 * Return: true if @value is an integer of 0 … SESSION_NUMBER_MAX.
 */
bool session_json_get_number(const json_t *value, uint64_t *ret_number);
