/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stddef.h>

#include "authtoken/bus-name.h"
#include "daemon/front/bus-request.h"
#include "daemon/front/bus-service.h"
#include "daemon/journal/journal.h"
#include "daemon/operation/context.h"

/* Replies to RequestName, as the specification of D-Bus numbers them. */
#define NAME_IN_QUEUE 2u

struct BusService {
        BusScope scope;
        sd_bus_slot *object;
        sd_bus_slot *name;
};

/* UNPRIVILEGED does not mean that everybody may call: it keeps sd-bus from deciding by a blocking
 * question to the bus. Every method goes through bus_request_handle(), which denies methods without a
 * row in bus-authz.c. SENSITIVE makes sd-bus wipe the call and its reply. */
#define OPEN   SD_BUS_VTABLE_UNPRIVILEGED
#define SECRET (SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("IssueToken", SD_BUS_ARGS("s", user, "a{sv}", options),
                SD_BUS_RESULT("s", access, "s", refresh, "a{sv}", info), bus_request_handle,
                SECRET),
        SD_BUS_METHOD_WITH_ARGS("RefreshToken", SD_BUS_ARGS("s", token),
                SD_BUS_RESULT("s", access, "s", refresh, "a{sv}", info), bus_request_handle,
                SECRET),
        SD_BUS_METHOD_WITH_ARGS("ValidateToken", SD_BUS_ARGS("s", token, "a{sv}", options),
                SD_BUS_RESULT("a{sv}", info), bus_request_handle, SECRET),
        SD_BUS_METHOD_WITH_ARGS("CreateCode", SD_BUS_ARGS("s", token, "a{sv}", options),
                SD_BUS_RESULT("s", code), bus_request_handle, SECRET),
        SD_BUS_METHOD_WITH_ARGS("RevokeToken", SD_BUS_ARGS("s", token_or_jti, "s", reason),
                SD_BUS_NO_RESULT, bus_request_handle, SECRET),
        SD_BUS_METHOD_WITH_ARGS("RevokeSession", SD_BUS_ARGS("s", session, "s", reason),
                SD_BUS_NO_RESULT, bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("RevokeUser", SD_BUS_ARGS("s", user, "s", reason),
                SD_BUS_RESULT("u", revoked), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("RevokeSessions",
                SD_BUS_ARGS("s", user, "a{sv}", filter, "s", reason), SD_BUS_RESULT("u", revoked),
                bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("RevokeBefore", SD_BUS_ARGS("s", user, "t", before, "s", reason),
                SD_BUS_RESULT("u", revoked), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("LowerBefore", SD_BUS_ARGS("s", user, "s", reason),
                SD_BUS_RESULT("u", revoked), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("RevokeAll", SD_BUS_ARGS("s", reason), SD_BUS_RESULT("u", revoked),
                bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("BanUser", SD_BUS_ARGS("s", user, "t", seconds, "s", reason),
                SD_BUS_RESULT("u", ended, "u", failed), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS(
                "UnbanUser", SD_BUS_ARGS("s", user), SD_BUS_NO_RESULT, bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListBans", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", bans),
                bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("LiftLockOut", SD_BUS_ARGS("s", user, "s", place),
                SD_BUS_RESULT("u", lifted), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListLockOuts", SD_BUS_ARGS("a{sv}", filter),
                SD_BUS_RESULT("aa{sv}", lock_outs), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("KickSession", SD_BUS_ARGS("s", session, "s", reason),
                SD_BUS_RESULT("u", ended, "u", failed), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("KickUser", SD_BUS_ARGS("s", user, "a{sv}", filter, "s", reason),
                SD_BUS_RESULT("u", ended, "u", failed), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListSessions", SD_BUS_ARGS("a{sv}", filter),
                SD_BUS_RESULT("aa{sv}", sessions), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("CountSessions", SD_BUS_ARGS("a{sv}", filter),
                SD_BUS_RESULT("u", sessions), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Logout", SD_BUS_ARGS("s", user, "s", platform, "s", device),
                SD_BUS_RESULT("u", ended), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListKeys", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", keys),
                bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS(
                "GetJWKS", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", jwks), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS(
                "ConfirmAdoption", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ConfirmAdoptionSince", SD_BUS_ARGS("t", since), SD_BUS_NO_RESULT,
                bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("RotateKey", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("s", kid),
                bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS("GetStatus", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", status),
                bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS(
                "GetMetrics", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", text), bus_request_handle, OPEN),
        SD_BUS_METHOD_WITH_ARGS(
                "Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, bus_request_handle, OPEN),
        SD_BUS_SIGNAL_WITH_ARGS("SessionOpened", SD_BUS_ARGS("s", session, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("SessionRefreshed", SD_BUS_ARGS("s", session), 0),
        SD_BUS_SIGNAL_WITH_ARGS(
                "SessionEnding", SD_BUS_ARGS("s", session, "s", reason, "t", deadline_usec), 0),
        SD_BUS_SIGNAL_WITH_ARGS("SessionEnded", SD_BUS_ARGS("s", session, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("KeyRotated", SD_BUS_ARGS("s", kid), 0),
        SD_BUS_SIGNAL_WITH_ARGS("TokenRevoked", SD_BUS_ARGS("s", session, "s", reason), 0),
        SD_BUS_PROPERTY(
                "Version", "s", NULL, offsetof(BusScope, version), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

/* The socket works without the name, so logins do not depend on it. */
static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        BusService *service = userdata;
        const sd_bus_error *refusal;
        uint32_t answer = 0;

        (void)error;
        refusal = sd_bus_message_get_error(reply);
        if (refusal)
                journal_log(service->scope.context->journal, LOG_ERR,
                        "cannot own the bus name %s, so D-Bus calls will not arrive: %s",
                        AUTHTOKEN_NAME, STRING_OR_EMPTY(refusal->message));
        else if (sd_bus_message_read(reply, "u", &answer) > 0 && answer == NAME_IN_QUEUE)
                journal_log(service->scope.context->journal, LOG_WARNING,
                        "the bus name %s has another owner; waiting for it", AUTHTOKEN_NAME);
        return 0;
}

int bus_service_new(
        sd_bus *bus, Context *context, BusReload reload, void *userdata, BusService **ret_service) {
        _cleanup_(bus_service_freep) BusService *service = calloc(1, sizeof(*service));
        int r;

        if (!service)
                return -ENOMEM;
        service->scope = (BusScope){
                .bus = sd_bus_ref(bus),
                .context = context,
                .reload = reload,
                .reload_userdata = userdata,
                .version = AUTHTOKEN_VERSION,
        };
        r = bus_peers_new(bus, context->names, &service->scope.peers);
        if (r >= 0)
                r = sd_bus_add_object_vtable(bus, &service->object, AUTHTOKEN_PATH,
                        AUTHTOKEN_INTERFACE, vtable, &service->scope);
        if (r >= 0)
                r = sd_bus_request_name_async(
                        bus, &service->name, AUTHTOKEN_NAME, SD_BUS_NAME_QUEUE, on_name, service);
        if (r < 0)
                return r;
        *ret_service = TAKE_PTR(service);
        return 0;
}

BusService *bus_service_free(BusService *service) {
        if (!service)
                return NULL;
        sd_bus_slot_unref(service->name);
        sd_bus_slot_unref(service->object);
        bus_peers_free(service->scope.peers);
        (void)sd_bus_release_name_async(service->scope.bus, NULL, AUTHTOKEN_NAME, NULL, NULL);
        sd_bus_unref(service->scope.bus);
        free(service);
        return NULL;
}

/* A signal that cannot be sent is lost: clients that need certainty have to ask. */
void bus_service_emit(BusService *service, const SessionEvent *event) {
        sd_bus *bus = service->scope.bus;

        switch (event->type) {
        case SESSION_EVENT_OPENED:
                (void)sd_bus_emit_signal(bus, AUTHTOKEN_PATH, AUTHTOKEN_INTERFACE, "SessionOpened",
                        "ss", event->sid, event->reason);
                return;
        case SESSION_EVENT_REFRESHED:
                (void)sd_bus_emit_signal(bus, AUTHTOKEN_PATH, AUTHTOKEN_INTERFACE,
                        "SessionRefreshed", "s", event->sid);
                return;
        case SESSION_EVENT_ENDING:
                (void)sd_bus_emit_signal(bus, AUTHTOKEN_PATH, AUTHTOKEN_INTERFACE, "SessionEnding",
                        "sst", event->sid, event->reason, event->deadline_usec);
                return;
        case SESSION_EVENT_ENDED:
                (void)sd_bus_emit_signal(bus, AUTHTOKEN_PATH, AUTHTOKEN_INTERFACE, "SessionEnded",
                        "ss", event->sid, event->reason);
                return;
        case SESSION_EVENT_KEY_ROTATED:
                (void)sd_bus_emit_signal(
                        bus, AUTHTOKEN_PATH, AUTHTOKEN_INTERFACE, "KeyRotated", "s", event->kid);
                return;
        case SESSION_EVENT_REVOKED:
                (void)sd_bus_emit_signal(bus, AUTHTOKEN_PATH, AUTHTOKEN_INTERFACE, "TokenRevoked",
                        "ss", event->sid, event->reason);
                return;
        }
}
