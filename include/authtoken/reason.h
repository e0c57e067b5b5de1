#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Every reason for which authtoken says no, as a stable code. The codes stand in the journal
 * (AUTHTOKEN_REASON=), in the output of `authtokenctl verify` and in authtoken-reasons(7); they are
 * never translated and never re-used for something else. A stranger at a prompt never sees one.
 */

/* X(symbol, code, one-line description) */
#define AUTHTOKEN_REASONS(X)                                                                     \
        X(OK, "ok", "accepted")                                                                  \
        /* the token as a text: RFC 7515, section 7.1 */                                         \
        X(TOKEN_TOO_LARGE, "token-too-large", "the token is longer than MaxSize")                \
        X(TOKEN_MALFORMED, "token-malformed", "not three non-empty base64url parts")             \
        X(TOKEN_CUT, "token-cut", "the prompt cut the token at its length limit")                \
        X(HEADER_MALFORMED, "header-malformed", "the header is not the JSON object it must be")  \
        X(HEADER_CRITICAL, "header-critical", "the header has a \"crit\" or \"b64\" member")     \
        X(TYPE_UNEXPECTED, "type-unexpected", "the header's \"typ\" is not expected here")       \
        X(ALGORITHM_REFUSED, "algorithm-refused", "\"alg\" is unknown, none, or not the key's")  \
        X(KEY_UNKNOWN, "key-unknown", "no key with this issuer and \"kid\" is trusted")          \
        X(SIGNATURE_INVALID, "signature-invalid", "the signature is not the key's")              \
        /* the claims: RFC 7519, section 4 */                                                    \
        X(CLAIMS_MALFORMED, "claims-malformed", "the payload is not the JSON object it must be") \
        X(CLAIM_MISSING, "claim-missing", "iss, aud, sub, exp, iat or jti is missing")           \
        X(CLAIM_INVALID, "claim-invalid", "a claim has the wrong type or an impossible value")   \
        X(TOKEN_EXPIRED, "token-expired", "the time in \"exp\" has passed")                      \
        X(TOKEN_NOT_YET, "token-not-yet-valid", "\"nbf\" or \"iat\" lies in the future")         \
        X(LIFETIME_EXCEEDED, "lifetime-exceeded", "exp - iat is above MaxLifetime")              \
        X(ISSUER_MISMATCH, "issuer-mismatch", "\"iss\" is not trusted here")                     \
        X(AUDIENCE_MISMATCH, "audience-mismatch", "\"aud\" does not name this service")          \
        X(USER_MISMATCH, "user-mismatch", "\"sub\" is not the user who logs in")                 \
        X(USER_INVALID, "user-invalid", "the user name cannot be a login name")                  \
        X(USER_UNMAPPED, "user-unmapped", "the issuer's UserMap has no login name for the user") \
        X(USER_UNKNOWN, "user-unknown", "the user does not exist on this host")                  \
        /* the session */                                                                        \
        X(SESSION_UNKNOWN, "session-unknown", "no session of the user has this id")              \
        X(SESSION_REVOKED, "session-revoked", "the session was revoked")                         \
        X(SESSION_KICKED, "session-kicked", "the session was kicked")                            \
        X(SESSION_LOGGED_OUT, "session-logged-out", "the user has logged the session out")       \
        X(SESSION_REPLACED, "session-replaced", "a newer login took the session's place")        \
        X(SESSION_EVICTED, "session-evicted", "newer sessions took its place at the limit")      \
        X(SESSION_EXPIRED, "session-expired", "the session reached the end of its lifetime")     \
        X(SESSION_IDLE, "session-idle", "the session was not used for too long")                 \
        X(SESSION_GONE, "session-gone", "the session's record is gone from the store")           \
        X(SESSION_REUSED, "session-reused", "an old refresh token of the session came again")    \
        X(GENERATION_OLD, "generation-old", "a newer token of this session was issued")          \
        X(ISSUED_BEFORE, "issued-before", "the token is older than the user's not-before time")  \
        X(ADDRESS_MISMATCH, "address-mismatch", "the session is bound to another address")       \
        X(DEVICE_MISMATCH, "device-mismatch", "the session is bound to another device")          \
        X(USER_BANNED, "user-banned", "the user is banned")                                      \
        X(CODE_UNKNOWN, "code-unknown", "no such login code, or it has been used")               \
        X(CODE_EXPIRED, "code-expired", "the minute of the login code is over")                  \
        X(NOT_BANNED, "not-banned", "the user is not banned")                                    \
        X(NOT_AHEAD, "not-ahead", "the user's not-before time is not to come")                   \
        X(TENANT_MISMATCH, "tenant-mismatch", "the token belongs to another tenant")             \
        X(LOCKED_OUT, "locked-out", "too many failed logins of this user from this address")     \
        X(SESSION_LIMIT, "session-limit", "the user has as many sessions as the policy allows")  \
        X(ADOPTION_UNCONFIRMED, "adoption-unconfirmed",                                          \
                "the store is new, was set back or emptied")                                     \
        X(ADOPTION_BEFORE, "adoption-before", "the token is older than what the store knows")    \
        X(ADOPTION_OVER, "adoption-over", "the time of AdoptStateless has passed")               \
        /* the login between two steps */                                                        \
        X(HANDLE_UNKNOWN, "handle-unknown", "no login is under way under this handle")           \
        X(HANDLE_EXPIRED, "handle-expired", "the login took longer than 150 s")                  \
        X(HANDLE_USED, "handle-used", "the handle has opened its session already")               \
        X(HANDLE_MISMATCH, "handle-mismatch", "the handle belongs to another user or service")   \
        X(LOGIN_FOREIGN, "login-foreign", "the login belongs to another process")                \
        X(SHELL_ENDED, "shell-ended", "the caller's logind session was opened by an ended one")  \
        X(ELEVATION_ENDED, "elevation-ended", "the token behind this sudo timestamp has ended")  \
        X(SHELL_NONE, "shell-none", "the caller runs in no login that a token has opened")       \
        X(SHELL_FOREIGN, "shell-foreign", "the caller runs in the login of another user")        \
        X(LOGIN_TOO_OLD, "login-too-old", "the last login by token is longer ago than allowed")  \
        X(ROLE_MISSING, "role-missing", "the session does not have the role that is required")   \
        /* who asks, and how */                                                                  \
        X(NOT_A_TOKEN, "not-a-token", "a password was typed where only tokens are taken")        \
        X(NOT_AUTHORISED, "not-authorised", "the caller may not ask for this")                   \
        X(CALLER_UNKNOWN, "caller-unknown", "the caller goes by another name on this host")      \
        X(SELF_ISSUE_REFUSED, "self-issue-refused",                                              \
                "the user may not issue tokens for themselves")                                  \
        X(ROLE_REFUSED, "role-refused", "users may not give themselves this role")               \
        X(SERVICE_REFUSED, "service-refused", "this PAM service takes no tokens")                \
        X(HOOK_VETOED, "hook-vetoed", "a hook of the administrator refused the login")           \
        X(HOOK_FAILED, "hook-failed", "the hooks could not be asked, or did not answer")         \
        X(BAD_REQUEST, "bad-request", "the request breaks the protocol")                         \
        X(TOO_MANY_REQUESTS, "too-many-requests", "the caller's share of the daemon is used up") \
        X(LIMIT_REACHED, "limit-reached", "a limit of the store or the protocol is reached")     \
        /* what is not there */                                                                  \
        X(DAEMON_ABSENT, "daemon-absent", "the daemon's socket is missing or refuses")           \
        X(DAEMON_UNTRUSTED, "daemon-untrusted", "the socket is not root's or the daemon's")      \
        X(DAEMON_TIMEOUT, "daemon-timeout", "the daemon did not answer in time")                 \
        X(DAEMON_CLOSED, "daemon-closed", "the daemon closed the connection without an answer")  \
        X(DAEMON_MALFORMED, "daemon-malformed", "the daemon's answer breaks the protocol")       \
        X(STORE_OFFLINE, "store-offline", "the session store cannot be reached")                 \
        X(STORE_TIMEOUT, "store-timeout", "the session store did not answer in time")            \
        X(STORE_REFUSED, "store-refused", "the session store refused the command")               \
        X(STORE_CORRUPT, "store-corrupt",                                                        \
                "a record in the store cannot be read; ending all sessions of its user "         \
                "replaces it")                                                                   \
        X(RECORD_REPLACED, "record-replaced",                                                    \
                "done; the user's record could not be read, and another took its place")         \
        X(STORE_CONFLICT, "store-conflict", "the record kept changing while it was written")     \
        X(STORE_UNREPLICATED, "store-unreplicated",                                              \
                "done, but a failover may undo it; give the order again")                        \
        X(INCOMPLETE, "incomplete", "not all was done that was ordered; give the order again")   \
        X(USERS_LOST, "users-lost", "the store's list of users is lost; not all were reached")   \
        X(GROUPS_UNKNOWN, "groups-unknown", "the groups of the user could not be looked up")     \
        X(NO_SIGNING_KEY, "no-signing-key", "this host holds no key to sign with")               \
        X(KEY_CANNOT_SIGN, "key-cannot-sign", "no private key with this id is there")            \
        X(KEY_CONFIGURED, "key-configured", "SigningKey= in the configuration names the key")    \
        X(KEY_NOT_SHARED, "key-not-shared", "a fleet needs a key on each host before it signs")  \
        X(KEYS_REFUSED, "keys-refused", "a key file or the key directory cannot be used")        \
        X(NO_REFRESH_KEY, "no-refresh-key", "this host holds no key for refresh tokens")         \
        X(INTERNAL, "internal", "an unexpected error; refused")

typedef enum Reason {
#define X(symbol, code, text) REASON_##symbol,
        AUTHTOKEN_REASONS(X)
#undef X
                REASON_COUNT,
} Reason;

/**
 * reason_code() - the stable code of a reason
 * @reason:     any value; one outside the enum is named "internal"
 *
 * Return: static string, never NULL.
 */
const char *reason_code(Reason reason);

/**
 * reason_text() - one English line that explains a reason to an administrator
 * @reason:     any value; one outside the enum is explained as internal
 *
 * Return: static string, never NULL.
 */
const char *reason_text(Reason reason);

/**
 * reason_from_code() - find a reason by its code
 * @code:       NUL-terminated; NULL is unknown
 *
 * Return: the reason, or REASON_INTERNAL for an unknown code.
 */
Reason reason_from_code(const char *code);
