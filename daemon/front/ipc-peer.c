/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "authtoken/ipc-message.h"
#include "common/secret.h"
#include "daemon/front/ipc-listener.h"
#include "daemon/front/ipc-peer.h"
#include "daemon/front/ipc-share.h"
#include "daemon/front/ipc-status.h"
#include "daemon/nss/user-names.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/operation/operation.h"
#include "daemon/verb/login-verbs.h"

#define ANSWER_SIZE_MAX (IPC_TOKEN_MAX + 4096u)

typedef int (*VerbStart)(Context *context, const LoginRequest *request, OperationDone done,
        void *userdata, Operation **ret_op);

typedef enum Permission {
        PERMIT_ROOT,     /* root only */
        PERMIT_OWN_NAME, /* root for anybody, others for themselves */
        PERMIT_ANYONE,
} Permission;

/* The requests, who may send them, and their verbs. Without a row nobody may. */
static const struct {
        IpcType type;
        Permission permission;
        VerbStart start;
} rows[] = {
        { IPC_AUTHENTICATE, PERMIT_OWN_NAME, authenticate_start },
        { IPC_AUTHENTICATE_SESSION, PERMIT_ROOT, authenticate_session_start },
        { IPC_ACCOUNT, PERMIT_OWN_NAME, account_start },
        { IPC_OPEN_SESSION, PERMIT_ROOT, open_session_start },
        { IPC_CLOSE_SESSION, PERMIT_ROOT, close_session_start },
        { IPC_VALIDATE, PERMIT_ANYONE, validate_start },
};

/* A request that is under way. The packet is kept only while the caller's name is looked up. */
typedef struct Request {
        struct Request *next; /* linked in IpcPeer.requests */
        IpcPeer *peer;
        IpcType type;
        uint32_t id;
        VerbStart start;
        Operation *op;
        UserNameCall *name_call;
        Secret *packet;
} Request;

struct IpcPeer {
        IpcListener *listener;
        IpcShare *share; /* NULL: root's */
        int fd;
        pid_t pid;
        uid_t uid;
        Request *requests;
        unsigned int n_pending;
        bool paused, has_spoken;
        bool has_finished; /* it will send nothing more, and waits for its answers */
};

/* The NUL-terminated copies that a LoginRequest borrows: packets hold no NUL. */
typedef struct RequestTexts {
        char user[IPC_TEXT_MAX + 1], service[IPC_TEXT_MAX + 1], tty[IPC_TEXT_MAX + 1];
        char rhost[IPC_TEXT_MAX + 1], ruser[IPC_TEXT_MAX + 1], audience[IPC_TEXT_MAX + 1];
        char role[IPC_TEXT_MAX + 1];
        char handle[IPC_HANDLE_SIZE + 1];
} RequestTexts;

static IpcMessage answer_of(const Request *request, const OperationResult *result) {
        IpcType type = request->type;
        bool is_live = type == IPC_AUTHENTICATE_SESSION;
        IpcMessage answer = {
                .type = (IpcType)(type | IPC_REPLY),
                .status = is_live ? ipc_status_of_live_session(result->reason)
                                  : ipc_status_of(result->reason),
                .id = request->id,
        };

        if (result->reason == REASON_OK) {
                answer.handle = ipc_bytes(result->handle);
                answer.claims = ipc_bytes(type == IPC_VALIDATE ? result->claims_json : NULL);
                answer.session =
                        ipc_bytes(type == IPC_AUTHENTICATE || is_live ? result->sid : NULL);
        } else if (request->peer->uid == 0 || type == IPC_VALIDATE) {
                answer.reason = ipc_bytes(reason_code(result->reason));
        }
        return answer;
}

static void answer(const Request *request, const OperationResult *result) {
        IpcMessage message = answer_of(request, result);
        uint8_t buffer[ANSWER_SIZE_MAX];
        size_t used;

        if (ipc_message_encode(&message, buffer, sizeof(buffer), &used))
                return;
        /* A peer that does not read its answers loses them: the daemon waits for nobody. */
        (void)send(request->peer->fd, buffer, used, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void forget_name_call(Request *request) {
        if (!request->name_call)
                return;
        request->name_call = user_name_call_free(request->name_call);
        ipc_share_release(request->peer->share);
}

static void request_free(Request *request) {
        IpcPeer *peer = request->peer;
        Request **link;

        for (link = &peer->requests; *link != request; link = &(*link)->next)
                ;
        *link = request->next;
        peer->n_pending--;
        operation_detach(request->op);
        forget_name_call(request);
        secret_free(request->packet);
        free(request);
        if (peer->has_finished) {
                if (peer->n_pending == 0)
                        ipc_listener_drop(peer->listener, peer);
                return;
        }
        if (peer->paused && peer->n_pending < IPC_PEER_PENDING_MAX / 2) {
                peer->paused = false;
                ipc_listener_watch(peer->listener, peer);
        }
}

static void on_done(Operation *op, const OperationResult *result, void *userdata) {
        Request *request = userdata;

        (void)op;
        request->op = NULL;
        answer(request, result);
        request_free(request);
}

static void refuse(Request *request, Reason reason) {
        answer(request, &(OperationResult){ .reason = reason });
        request_free(request);
}

void ipc_peer_tell_refusal(const IpcPeer *peer, Reason reason) {
        audit(ipc_listener_context(peer->listener), &(AuditRecord){
                                                            .event = AUDIT_REQUEST,
                                                            .reason = reason,
                                                            .pid = peer->pid,
                                                            .uid = peer->uid,
                                                    });
}

static const char *copy_text(const IpcBytes *bytes, char *buffer) {
        if (!bytes->data)
                return NULL;
        memcpy(buffer, bytes->data, bytes->size);
        buffer[bytes->size] = '\0';
        return buffer;
}

static LoginRequest login_request_of(
        const IpcPeer *peer, const IpcMessage *message, RequestTexts *texts) {
        return (LoginRequest){
                .pid = peer->pid,
                .uid = peer->uid,
                .user = copy_text(&message->user, texts->user),
                .service = copy_text(&message->service, texts->service),
                .tty = copy_text(&message->tty, texts->tty),
                .rhost = copy_text(&message->rhost, texts->rhost),
                .ruser = copy_text(&message->ruser, texts->ruser),
                .handle = copy_text(&message->handle, texts->handle),
                .audience = copy_text(&message->audience, texts->audience),
                .role = copy_text(&message->role, texts->role),
                .max_age_sec = message->max_age_sec,
                .token = message->token.data,
                .token_size = message->token.size,
                .other_auth = message->other_auth,
                .deadline_usec = message->deadline_usec,
        };
}

static void start_verb(Request *request, const IpcMessage *message) {
        Context *context = ipc_listener_context(request->peer->listener);
        RequestTexts texts;
        LoginRequest login = login_request_of(request->peer, message, &texts);

        if (request->start(context, &login, on_done, request, &request->op) < 0)
                refuse(request, REASON_INTERNAL);
}

/* An ordinary peer may only ask for its own name. We cannot always tell that name, such as the
 * second one of a uid; an account check must not fail because of that. */
static Reason reason_of_stranger(IpcType type) {
        return type == IPC_ACCOUNT ? REASON_CALLER_UNKNOWN : REASON_NOT_AUTHORISED;
}

static void go_on_with_name(Request *request, const char *name) {
        IpcMessage message;
        int r;

        r = ipc_message_decode(
                (const uint8_t *)request->packet->data, request->packet->size, &message);
        if (r == 0 && name && strlen(name) == message.user.size &&
                !memcmp(name, message.user.data, message.user.size)) {
                start_verb(request, &message);
                return;
        }
        audit(ipc_listener_context(request->peer->listener),
                &(AuditRecord){
                        .event = request->type == IPC_ACCOUNT ? AUDIT_ACCOUNT : AUDIT_AUTHENTICATE,
                        .reason = reason_of_stranger(request->type),
                        .user = name,
                        .pid = request->peer->pid,
                        .uid = request->peer->uid,
                });
        refuse(request, reason_of_stranger(request->type));
}

/* The request and its connection may be gone afterwards; the share exists until it is released. */
static void on_name(UserNameCall *call, const char *name, void *userdata) {
        uint64_t begun_usec = ipc_share_clock();
        Request *request = userdata;
        IpcShare *share = request->peer->share;

        request->name_call = NULL;
        go_on_with_name(request, name);
        user_name_call_free(call);
        ipc_share_charge(share, ipc_share_clock() - begun_usec);
        ipc_share_release(share);
}

static int request_new(
        IpcPeer *peer, const IpcMessage *message, VerbStart start, Request **ret_request) {
        Request *request = calloc(1, sizeof(*request));

        if (!request)
                return -ENOMEM;
        request->peer = peer;
        request->type = message->type;
        request->id = message->id;
        request->start = start;
        request->next = peer->requests;
        peer->requests = request;
        peer->n_pending++;
        *ret_request = request;
        return 0;
}

static void look_name_up(Request *request, const uint8_t *packet, size_t size) {
        Context *context = ipc_listener_context(request->peer->listener);

        if (secret_new(packet, size, &request->packet) < 0 ||
                user_names_lookup(context->names, request->peer->uid, on_name, request,
                        &request->name_call) < 0) {
                ipc_peer_tell_refusal(request->peer, REASON_TOO_MANY_REQUESTS);
                refuse(request, REASON_TOO_MANY_REQUESTS);
        } else {
                ipc_share_hold(request->peer->share);
        }
}

static void on_validated(Operation *op, const OperationResult *result, void *userdata) {
        (void)op;
        answer(userdata, result);
}

static bool validate_at_once(Request *request, const IpcMessage *message) {
        Context *context = ipc_listener_context(request->peer->listener);
        RequestTexts texts;
        LoginRequest login;

        if (request->type != IPC_VALIDATE)
                return false;
        login = login_request_of(request->peer, message, &texts);
        return validate_now(context, &login, on_validated, request);
}

/* A caller that gave up assumes that nothing has happened, so do nothing. */
static bool is_late(const IpcPeer *peer, const IpcMessage *message) {
        uint64_t now = 0;

        sd_event_now(ipc_listener_context(peer->listener)->event, CLOCK_MONOTONIC, &now);
        return message->deadline_usec != 0 && message->deadline_usec <= now;
}

static IpcPeerFate handle(IpcPeer *peer, const uint8_t *packet, size_t size) {
        const OperationResult denied = { .reason = REASON_NOT_AUTHORISED };
        const OperationResult failed = { .reason = REASON_INTERNAL };
        Request *request, brief; /* @brief is answered before this returns, and linked nowhere */
        IpcMessage message;
        size_t i;

        if (ipc_message_decode(packet, size, &message) || (message.type & IPC_REPLY)) {
                ipc_peer_tell_refusal(peer, REASON_BAD_REQUEST);
                return IPC_PEER_CLOSE;
        }
        if (is_late(peer, &message))
                return IPC_PEER_KEEP;
        brief = (Request){ .peer = peer, .type = message.type, .id = message.id };
        for (i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].type == message.type)
                        break;
        if (i == ARRAY_SIZE(rows) || (rows[i].permission == PERMIT_ROOT && peer->uid != 0)) {
                ipc_peer_tell_refusal(peer, REASON_NOT_AUTHORISED);
                answer(&brief, &denied);
                return IPC_PEER_KEEP;
        }
        if (validate_at_once(&brief, &message))
                return IPC_PEER_KEEP;
        if (request_new(peer, &message, rows[i].start, &request) < 0)
                answer(&brief, &failed);
        else if (rows[i].permission == PERMIT_OWN_NAME && peer->uid != 0)
                look_name_up(request, packet, size);
        else
                start_verb(request, &message);
        return IPC_PEER_KEEP;
}

enum {
        RECEIVED_NOTHING = 0,
        RECEIVED_END = -1,
        RECEIVED_RUBBISH = -2,
};

/* Returns bytes, or one of these. We never take file descriptors: without room for them the
 * kernel drops them, and says so. */
static ssize_t receive(IpcPeer *peer, uint8_t *buffer) {
        struct iovec iov = { .iov_base = buffer, .iov_len = IPC_MESSAGE_MAX };
        struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
        ssize_t n;

        n = recvmsg(peer->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? RECEIVED_NOTHING : RECEIVED_RUBBISH;
        if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
                return RECEIVED_RUBBISH;
        return n > 0 ? n : RECEIVED_END;
}

static void pause_reading(IpcPeer *peer) {
        peer->paused = true;
        ipc_listener_pause(peer->listener, peer);
}

/* Its requests are still answered; when it closes completely, the listener is told. */
static IpcPeerFate finish_reading(IpcPeer *peer) {
        if (peer->n_pending == 0)
                return IPC_PEER_CLOSE;
        peer->has_finished = true;
        pause_reading(peer);
        return IPC_PEER_KEEP;
}

IpcPeerFate ipc_peer_read(IpcPeer *peer, unsigned int n_max) {
        uint8_t *buffer = ipc_listener_buffer(peer->listener);
        IpcPeerFate fate = IPC_PEER_KEEP;
        size_t largest = 0;
        ssize_t n;

        for (unsigned int i = 0; i < n_max && fate == IPC_PEER_KEEP; i++) {
                if (peer->n_pending >= IPC_PEER_PENDING_MAX) {
                        pause_reading(peer);
                        break;
                }
                n = receive(peer, buffer);
                if (n == RECEIVED_NOTHING)
                        break;
                if (n == RECEIVED_END) {
                        fate = finish_reading(peer);
                        break;
                }
                if (n > 0 && (size_t)n > largest)
                        largest = (size_t)n;
                peer->has_spoken = true;
                if (n < 0)
                        ipc_peer_tell_refusal(peer, REASON_BAD_REQUEST);
                fate = n < 0 ? IPC_PEER_CLOSE : handle(peer, buffer, (size_t)n);
        }
        secret_wipe(buffer, largest);
        return fate;
}

int ipc_peer_new(IpcListener *listener, int fd, IpcPeer **ret_peer) {
        socklen_t size = sizeof(struct ucred);
        struct ucred credentials;
        IpcPeer *peer;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
                return -errno;
        peer = calloc(1, sizeof(*peer));
        if (!peer)
                return -ENOMEM;
        peer->listener = listener;
        peer->fd = fd;
        peer->pid = credentials.pid;
        peer->uid = credentials.uid;
        *ret_peer = peer;
        return 0;
}

IpcPeer *ipc_peer_free(IpcPeer *peer) {
        if (!peer)
                return NULL;
        peer->paused = peer->has_finished = false;
        while (peer->requests)
                request_free(peer->requests);
        close(peer->fd);
        free(peer);
        return NULL;
}

void ipc_peer_set_share(IpcPeer *peer, IpcShare *share) {
        peer->share = share;
}

uid_t ipc_peer_uid(const IpcPeer *peer) {
        return peer->uid;
}

int ipc_peer_fd(const IpcPeer *peer) {
        return peer->fd;
}

bool ipc_peer_has_spoken(const IpcPeer *peer) {
        return peer->has_spoken;
}
