/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/ipc-client.h"
#include "common/text.h"
#include "lib/answer.h"

#define DAEMON_USER   "authtoken"
#define NAME_DATA_MAX 4096u

_Static_assert(AUTHTOKEN_AUDIENCE_MAX == IPC_TEXT_MAX, "what fits into a message");

struct AuthtokenConnection {
        char *path;
        uid_t daemon_uid;  /* trusted besides root */
        IpcClient *client; /* NULL: not open */
        pid_t opener;      /* the process that has opened it */
};

/* A daemon that was not started by systemd listens itself, as its own user. */
static uid_t find_daemon_uid(void) {
        char data[NAME_DATA_MAX];
        struct passwd entry, *found = NULL;

        if (getpwnam_r(DAEMON_USER, &entry, data, sizeof(data), &found) || !found)
                return IPC_CLIENT_UID_NONE;
        return found->pw_uid;
}

int authtoken_connection_new(const char *path, AuthtokenConnection **ret_connection) {
        AuthtokenConnection *connection;

        if (path && path[0] != '/')
                return -EINVAL;
        connection = calloc(1, sizeof(*connection));
        if (!connection)
                return -ENOMEM;
        connection->path = strdup(path ? path : IPC_SOCKET_PATH);
        if (!connection->path) {
                free(connection);
                return -ENOMEM;
        }
        connection->daemon_uid = find_daemon_uid();
        *ret_connection = connection;
        return 0;
}

AuthtokenConnection *authtoken_connection_free(AuthtokenConnection *connection) {
        if (!connection)
                return NULL;
        ipc_client_close(connection->client);
        free(connection->path);
        free(connection);
        return NULL;
}

static int fail(AuthtokenConnection *connection, int r, AuthtokenAnswer **ret_answer) {
        int outcome = r == IPC_CLIENT_E_FULL ? AUTHTOKEN_E_REFUSED : AUTHTOKEN_E_UNAVAILABLE;

        /* A packet that comes after a failure must never be taken for the answer to another
         * question. */
        connection->client = ipc_client_close(connection->client);
        if (r < 0)
                return r;
        r = answer_of_reason(
                r == IPC_CLIENT_E_FULL ? REASON_TOKEN_TOO_LARGE : ipc_client_reason(r), ret_answer);
        return r < 0 ? r : outcome;
}

static int call_once(AuthtokenConnection *connection, const IpcMessage *request,
        uint64_t deadline_usec, IpcMessage *ret_reply) {
        int r = 0;

        if (!connection->client) {
                connection->opener = getpid();
                r = ipc_client_open(connection->path, connection->daemon_uid, deadline_usec,
                        &connection->client);
        }
        return r ? r : ipc_client_call(connection->client, request, deadline_usec, ret_reply);
}

static int call(AuthtokenConnection *connection, const IpcMessage *request, uint64_t deadline_usec,
        IpcMessage *ret_reply) {
        bool idle;
        int r;

        /* Parent and child would count their questions alike on one socket, and each could take the
         * other's answer for its own. */
        if (connection->client && connection->opener != getpid())
                connection->client = ipc_client_close(connection->client);
        idle = connection->client != NULL;
        /* An idle connection ends with the daemon, also between this check and the call. Asking
         * twice is harmless: the question changes nothing. */
        if (idle && !ipc_client_is_open(connection->client))
                connection->client = ipc_client_close(connection->client);
        r = call_once(connection, request, deadline_usec, ret_reply);
        if (r != IPC_CLIENT_E_CLOSED || !idle)
                return r;
        connection->client = ipc_client_close(connection->client);
        return call_once(connection, request, deadline_usec, ret_reply);
}

/* Arguments that the daemon would not accept in a message. */
static bool may_be_audience(const char *text) {
        size_t size = strlen(text);

        return size > 0 && size <= AUTHTOKEN_AUDIENCE_MAX && text_is_utf8(text, size);
}

int authtoken_validate(AuthtokenConnection *connection, const char *token, const char *audience,
        uint64_t timeout_usec, AuthtokenAnswer **ret_answer) {
        const IpcMessage request = {
                .type = IPC_VALIDATE,
                .token = ipc_bytes(token),
                .audience = ipc_bytes(audience),
        };
        IpcMessage reply;
        int r;

        if (!*token || (audience && !may_be_audience(audience)))
                return -EINVAL;
        if (strlen(token) > AUTHTOKEN_TOKEN_MAX)
                return fail(connection, IPC_CLIENT_E_FULL, ret_answer);
        r = call(connection, &request, ipc_client_deadline(timeout_usec), &reply);
        return r ? fail(connection, r, ret_answer) : answer_of_reply(&reply, ret_answer);
}
