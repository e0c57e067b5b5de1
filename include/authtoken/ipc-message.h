#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The wire contract between pam_authtoken.so (or any local service) and authtokend.
 *
 * SOCK_SEQPACKET on a path; a packet is a message:
 *
 *      u32 magic "ATK1" | u8 version | u8 type | u16 status | u32 request id | u32 payload size
 *      then fields:  u16 tag | u16 size | bytes
 *
 * All integers are little-endian. The payload size equals what follows the header, to the byte.
 * Every field appears at most once, and there are at most IPC_FIELDS_MAX. A tag with
 * IPC_FIELD_MANDATORY set that the receiver does not know refuses the message; other unknown tags
 * are skipped. Text is NUL-free UTF-8. Absent values are left out: no known field is empty, except
 * OTHER_AUTH, which always is. The status of a request is 0. A request carries the point of
 * CLOCK_MONOTONIC until which its sender waits (IPC_FIELD_DEADLINE); the daemon drops what nobody
 * waits for any more. Both ends have to share that clock.
 *
 * request              needs                                may add              answer adds
 * AUTHENTICATE         USER SERVICE TOKEN                   TTY RHOST RUSER ROLE HANDLE SESSION
 * AUTHENTICATE_SESSION USER SERVICE                         TTY RHOST RUSER ROLE HANDLE SESSION
 *                                                           MAX_AGE
 * ACCOUNT              USER SERVICE                         TTY RHOST RUSER
 *                                                           HANDLE OTHER_AUTH
 * OPEN_SESSION         USER SERVICE HANDLE                  TTY RHOST RUSER
 * CLOSE_SESSION        HANDLE
 * VALIDATE             TOKEN                                AUDIENCE             CLAIMS
 *
 * Any answer that is not OK may add REASON (a code of reason.h) for a root peer only, and for
 * VALIDATE to every peer: it is about the caller's own token. It adds nothing else, and an answer
 * that is OK has no REASON. HANDLE is missing in an OK for a peer who may not open sessions.
 *
 * AUTHENTICATE_SESSION asks whether the token session that opened the peer's own login session vouches
 * for USER. The daemon learns from the kernel, never from the message, which login session that is.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPC_SOCKET_PATH "/run/authtoken/pam.sock"
#define IPC_MAGIC       0x314b5441u /* "ATK1" read as little-endian */
#define IPC_VERSION     1
#define IPC_HEADER_SIZE 16u
#define IPC_MESSAGE_MAX 65536u /* header and payload */
#define IPC_TOKEN_MAX   16384u
#define IPC_TEXT_MAX    1024u /* user, service, tty, rhost, audience, role */
#define IPC_HANDLE_SIZE 22u   /* 128 random bits, base64url */
#define IPC_FIELDS_MAX  32u   /* in one message, the unknown ones too */

#define IPC_FIELD_MANDATORY 0x8000u

typedef enum IpcType {
        IPC_AUTHENTICATE = 1,
        IPC_AUTHENTICATE_SESSION = 2,
        IPC_ACCOUNT = 3,
        IPC_OPEN_SESSION = 4,
        IPC_CLOSE_SESSION = 5,
        IPC_VALIDATE = 6,
        IPC_REPLY = 0x80, /* or-ed to the request's type in its answer */
} IpcType;

typedef enum IpcStatus {
        IPC_STATUS_OK = 0,
        IPC_STATUS_DENIED = 1,
        IPC_STATUS_EXPIRED = 2,     /* said only after a valid signature */
        IPC_STATUS_LIMIT = 3,       /* said only after a valid signature */
        IPC_STATUS_UNAVAILABLE = 4, /* store or signing key away; a later try may succeed */
        IPC_STATUS_BAD_REQUEST = 5,
        IPC_STATUS_PROMPT = 6, /* to AUTHENTICATE_SESSION: no, but nothing speaks against asking */
        IPC_STATUS_COUNT,
} IpcStatus;

typedef enum IpcField {
        IPC_FIELD_DEADLINE = 0x8001,   /* u64, microseconds of CLOCK_MONOTONIC, not 0 */
        IPC_FIELD_USER = 0x8002,       /* text */
        IPC_FIELD_SERVICE = 0x8003,    /* text */
        IPC_FIELD_TOKEN = 0x8004,      /* bytes; a secret */
        IPC_FIELD_HANDLE = 0x8005,     /* text, IPC_HANDLE_SIZE; a name, not a secret */
        IPC_FIELD_AUDIENCE = 0x8006,   /* text */
        IPC_FIELD_OTHER_AUTH = 0x8007, /* empty: this transaction accepted something else */
        IPC_FIELD_ROLE = 0x8008,       /* text: one that the session must have */
        IPC_FIELD_MAX_AGE = 0x8009,    /* u64, seconds since the user last gave a token, not 0 */
        IPC_FIELD_TTY = 0x0010,        /* text */
        IPC_FIELD_RHOST = 0x0011,      /* text */
        IPC_FIELD_RUSER = 0x0012,      /* text: the invoking user of sudo, su */
        IPC_FIELD_SESSION = 0x0020,    /* text, answer: the token session's id */
        IPC_FIELD_CLAIMS = 0x0021,     /* JSON text, answer */
        IPC_FIELD_REASON = 0x0022,     /* text, answer: code of reason.h */
} IpcField;

/* A borrowed piece of a packet; data is NULL when the field is absent. */
typedef struct IpcBytes {
        const char *data;
        size_t size;
} IpcBytes;

/* A decoded message. All pieces point into the packet that was decoded. */
typedef struct IpcMessage {
        IpcType type;
        IpcStatus status;
        uint32_t id;
        uint64_t deadline_usec; /* 0: none given */
        uint64_t max_age_sec;   /* 0: none given */
        bool other_auth;
        IpcBytes user, service, token, handle, audience, role;
        IpcBytes tty, rhost, ruser;
        IpcBytes session, claims, reason;
} IpcMessage;

enum {
        IPC_E_MALFORMED = 1, /* breaks the contract above */
        IPC_E_VERSION,       /* magic or version of something else */
        IPC_E_FULL,          /* the message, or a piece of it, is too large */
};

/**
 * ipc_message_decode() - take a packet apart
 * @data:        the packet; the pieces of @ret_message borrow from it
 * @size:        bytes of it, any value
 * @ret_message: untouched on failure
 *
 * Checks everything the contract says about form, and for a request that the fields its type needs
 * are there and no field of another request is. It does not say who may ask.
 * Return: 0; IPC_E_MALFORMED; IPC_E_VERSION.
 */
int ipc_message_decode(const uint8_t *data, size_t size, IpcMessage *ret_message);

/**
 * ipc_message_encode() - write a whole message
 * @message:    what to write; absent and empty pieces are left out
 * @buffer:     receives the packet; also written to on failure
 * @size:       bytes of @buffer
 * @ret_used:   bytes of the packet; untouched on failure
 *
 * It does not check that the fields go with the type: that is the decoder's judgement.
 * Return: 0; IPC_E_FULL.
 */
int ipc_message_encode(const IpcMessage *message, uint8_t *buffer, size_t size, size_t *ret_used);

/**
 * ipc_bytes() - borrow a C string as a piece of a message
 * @text:       NULL for an absent piece
 */
IpcBytes ipc_bytes(const char *text);
