#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * libauthtoken: ask the authtokend of this host whether an access token is good, and what it says.
 *
 * Any local program may ask; the daemon verifies the signature and looks the session up, so that a token
 * that was revoked a moment ago is refused. Every call ends by its time-out. The library starts no
 * threads, handles no signals, and neither reads the environment nor writes anywhere. Different
 * connections may be used by different threads; one connection by one thread at a time. After a fork()
 * both processes may go on with what they have: the child opens a socket of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define AUTHTOKEN_TOKEN_MAX    16384u /* bytes; the daemon's MaxSize= may be lower */
#define AUTHTOKEN_AUDIENCE_MAX 1024u  /* bytes */

typedef struct AuthtokenConnection AuthtokenConnection;
typedef struct AuthtokenAnswer AuthtokenAnswer;

enum {
        AUTHTOKEN_E_REFUSED = 1, /* the token is not good, and will not be */
        AUTHTOKEN_E_EXPIRED,     /* it was good; its holder can refresh it */
        AUTHTOKEN_E_UNAVAILABLE, /* nobody can tell now: refuse, and try again later */
};

/**
 * authtoken_connection_new() - make a connection; nothing is sent yet
 * @path:       absolute path of the daemon's socket; copied; NULL for the system's
 * @ret_connection: owned by the caller
 *
 * Return: 0; -EINVAL @path is not absolute; -ENOMEM.
 */
int authtoken_connection_new(const char *path, AuthtokenConnection **ret_connection);

/**
 * authtoken_connection_free() - close the connection
 * @connection: NULL is fine
 *
 * Return: NULL.
 */
AuthtokenConnection *authtoken_connection_free(AuthtokenConnection *connection);

/**
 * authtoken_validate() - ask the daemon about a token
 * @connection: opened when needed, and again after the daemon was restarted
 * @token:      a JWS in compact form (RFC 7515, section 7.1), and nothing else; NUL-terminated
 * @audience:   what the token's "aud" must name (RFC 7519, section 4.1.3); NULL: what the daemon is
 *              configured with
 * @timeout_usec: for all of the call, in microseconds from now; UINT64_MAX: as long as it takes
 * @ret_answer: owned by the caller; set on 0 and on every AUTHTOKEN_E_*
 *
 * Nothing is sent to a server that is not root's or the daemon's own.
 * Return: 0 the token is good; AUTHTOKEN_E_*; -EINVAL for an empty token, or an audience that is empty, longer
 * than AUTHTOKEN_AUDIENCE_MAX or not UTF-8; other negative errno. Anything but 0 means: do not let them in.
 */
int authtoken_validate(AuthtokenConnection *connection, const char *token, const char *audience,
        uint64_t timeout_usec, AuthtokenAnswer **ret_answer);

/**
 * authtoken_answer_free() - free an answer
 * @answer:     NULL is fine
 *
 * Return: NULL.
 */
AuthtokenAnswer *authtoken_answer_free(AuthtokenAnswer *answer);

/**
 * authtoken_answer_reason() - why, as a stable code
 * @answer:     borrowed
 *
 * Return: "ok" or a code of authtoken-reasons(7); borrowed from @answer, never NULL. It is for logs:
 * the person with the token needs to know only that it was refused.
 */
const char *authtoken_answer_reason(const AuthtokenAnswer *answer);

/**
 * authtoken_answer_json() - all claims (RFC 7519, section 4) as the token has them
 * @answer:     borrowed
 *
 * Return: a JSON object, borrowed from @answer; NULL if the token is not good.
 */
const char *authtoken_answer_json(const AuthtokenAnswer *answer);

/**
 * authtoken_answer_text() - a claim that is a string, such as "sub", the user
 * @answer:     borrowed
 * @name:       of the claim
 *
 * Return: borrowed from @answer; NULL if the token is not good, or has no such string.
 */
const char *authtoken_answer_text(const AuthtokenAnswer *answer, const char *name);

/**
 * authtoken_answer_number() - a claim that is a number, such as "exp", seconds since the epoch
 * @answer:     borrowed
 * @name:       of the claim
 * @ret_number: untouched on failure
 *
 * Return: 0; -ENOENT the token is not good, or has no such integer of 0 … 2^63 - 1.
 */
int authtoken_answer_number(const AuthtokenAnswer *answer, const char *name, uint64_t *ret_number);

/**
 * authtoken_answer_has() - whether a claim is a string, or a list with a string in it
 * @answer:     borrowed
 * @name:       of the claim, such as "roles" or "aud"
 * @text:       case-sensitive
 *
 * Return: false also if the token is not good.
 */
bool authtoken_answer_has(const AuthtokenAnswer *answer, const char *name, const char *text);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
