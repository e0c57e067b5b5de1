/* SPDX-License-Identifier: MIT */

#include <security/pam_modutil.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "authtoken/reason.h"
#include "common/ipc-client.h"
#include "common/text.h"
#include "pam/exchange.h"
#include "pam/status.h"

#define DAEMON_USER "authtoken"
#define NOWHERE     "?" /* no address, and no name of a host */

static IpcBytes item(const PamtokCall *call, int type) {
        const void *value = NULL;
        IpcBytes bytes;

        if (pam_get_item(call->pamh, type, &value) != PAM_SUCCESS)
                return (IpcBytes){ 0 };

        bytes = ipc_bytes(value);
        if (bytes.size > IPC_TEXT_MAX || !text_is_utf8(bytes.data, bytes.size))
                return (IpcBytes){ 0 };

        return bytes;
}

/* A user with an unreadable remote host must not count as a user at this host. */
static IpcBytes remote_host(const PamtokCall *call) {
        IpcBytes bytes = item(call, PAM_RHOST);
        const void *value = NULL;

        if (!bytes.data && pam_get_item(call->pamh, PAM_RHOST, &value) == PAM_SUCCESS && value &&
                *(const char *)value)
                return ipc_bytes(NOWHERE);
        return bytes;
}

void pamtok_request(
        const PamtokCall *call, IpcType type, const char *user, IpcMessage *ret_request) {
        *ret_request = (IpcMessage){
                .type = type,
                .user = ipc_bytes(user),
                .service = item(call, PAM_SERVICE),
                .tty = item(call, PAM_TTY),
                .rhost = remote_host(call),
                .ruser = item(call, PAM_RUSER),
        };
}

/*
 * Whom to trust besides root. The system's own socket belongs to root, and systemd listens on it.
 * Another socket was named by the author of the stack: for an ordinary process it may belong to its
 * own user, who could change the process anyway; for root it may belong to the daemon's user.
 */
static uid_t trusted_uid(const PamtokCall *call) {
        const struct passwd *daemon;

        if (!call->args.socket_path)
                return IPC_CLIENT_UID_NONE;
        if (geteuid() != 0)
                return geteuid();

        daemon = pam_modutil_getpwnam(call->pamh, DAEMON_USER);
        return daemon ? daemon->pw_uid : IPC_CLIENT_UID_NONE;
}

static int open_line(const PamtokCall *call, uint64_t deadline_usec, PamtokLine *line) {
        const char *path = call->args.socket_path ? call->args.socket_path : IPC_SOCKET_PATH;

        line->error = ipc_client_open(path, trusted_uid(call), deadline_usec, &line->client);
        return line->error;
}

PamtokLine pamtok_connect(const PamtokCall *call) {
        PamtokLine line = { 0 };

        (void)open_line(call, ipc_client_deadline(0), &line);
        return line;
}

/* The daemon may have closed a connection that was idle for long because a directory server was
 * slow. Or it was too busy to accept the connection; now there is time to wait. */
static bool needs_another(const PamtokLine *line) {
        if (line->client)
                return !ipc_client_is_open(line->client);
        return line->error == 0 || line->error == IPC_CLIENT_E_TIMEOUT;
}

static int ask(const PamtokCall *call, PamtokLine *line, const IpcMessage *request,
        uint64_t timeout_usec, IpcMessage *ret_reply) {
        uint64_t deadline_usec = ipc_client_deadline(timeout_usec);

        if (needs_another(line)) {
                line->client = ipc_client_close(line->client);
                (void)open_line(call, deadline_usec, line);
        }

        return line->error ? line->error
                           : ipc_client_call(line->client, request, deadline_usec, ret_reply);
}

/* Only known codes reach the log, nothing else that the daemon sends. */
static const char *reason_text_of(const IpcMessage *reply) {
        char code[64];
        Reason reason;

        if (!reply->reason.data || reply->reason.size >= sizeof(code))
                return pamtok_status_name(reply->status);

        memcpy(code, reply->reason.data, reply->reason.size);
        code[reply->reason.size] = '\0';
        reason = reason_from_code(code);
        if (strcmp(reason_code(reason), code) != 0)
                return pamtok_status_name(reply->status);

        return reason_code(reason);
}

static void copy_piece(IpcBytes piece, char *text, size_t size) {
        if (!piece.data || piece.size >= size || text_has_control(piece.data, piece.size))
                return;

        memcpy(text, piece.data, piece.size);
        text[piece.size] = '\0';
}

void pamtok_exchange(const PamtokCall *call, PamtokLine *line, const IpcMessage *request,
        uint64_t timeout_usec, PamtokAnswer *ret_answer) {
        PamtokLine own = { 0 };
        PamtokAnswer answer = { .status = IPC_STATUS_UNAVAILABLE };
        IpcMessage reply;
        int r;

        if (!line)
                line = &own;
        r = ask(call, line, request, timeout_usec, &reply);
        if (r) {
                answer.reason = reason_code(ipc_client_reason(r));
                answer.error = r < 0 ? -r : 0;
        } else {
                answer.status = reply.status;
                answer.reason = reason_text_of(&reply);
                copy_piece(reply.handle, answer.handle, sizeof(answer.handle));
                copy_piece(reply.session, answer.session, sizeof(answer.session));
        }

        line->client = ipc_client_close(line->client);
        *ret_answer = answer;
}

void pamtok_answer_log(
        const PamtokCall *call, const PamtokAnswer *answer, const char *user, const char *what) {
        int priority = answer->status == IPC_STATUS_UNAVAILABLE ? LOG_WARNING : LOG_NOTICE;

        if (answer->error != 0)
                pamtok_log(call, priority, "%s for user %s: %s (%s)", what, pamtok_loggable(user),
                        answer->reason, strerrordesc_np(answer->error));
        else
                pamtok_log(call, priority, "%s for user %s: %s", what, pamtok_loggable(user),
                        answer->reason);
}

void pamtok_answer_tell(const PamtokCall *call, const PamtokAnswer *answer) {
        if (answer->status == IPC_STATUS_UNAVAILABLE)
                pamtok_tell(call, "Access cannot be checked at the moment.");
        else
                pamtok_tell(call, "Access refused.");
}
