/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <unistd.h>

#include "authtoken/bus-name.h"
#include "common/cleanup.h"
#include "daemon/front/bus-authz.h"

#define ACTION(name) AUTHTOKEN_NAME "." name

static const BusPermission permissions[] = {
        { "IssueToken", ACTION("issue-self"), ACTION("issue") },
        /* A token is its own proof. */
        { "RefreshToken", BUS_AUTHZ_FREE, BUS_AUTHZ_FREE },
        { "ValidateToken", BUS_AUTHZ_FREE, BUS_AUTHZ_FREE },
        { "RevokeToken", BUS_AUTHZ_FREE, ACTION("revoke") },
        { "RevokeSession", BUS_AUTHZ_FREE, ACTION("revoke") },
        { "RevokeUser", BUS_AUTHZ_FREE, ACTION("revoke") },
        { "RevokeSessions", BUS_AUTHZ_FREE, ACTION("revoke") },
        { "RevokeBefore", BUS_AUTHZ_FREE, ACTION("revoke") },
        { "RevokeAll", ACTION("revoke"), ACTION("revoke") },
        /* Not even for oneself: a banned user would lift the ban. */
        { "BanUser", ACTION("ban"), ACTION("ban") },
        { "UnbanUser", ACTION("ban"), ACTION("ban") },
        { "LowerBefore", ACTION("ban"), ACTION("ban") },
        { "ListBans", ACTION("list"), ACTION("list") },
        /* Likewise: a guesser would go on. */
        { "LiftLockOut", ACTION("ban"), ACTION("ban") },
        { "ListLockOuts", ACTION("list"), ACTION("list") },
        { "KickSession", BUS_AUTHZ_FREE, ACTION("kick") },
        { "KickUser", BUS_AUTHZ_FREE, ACTION("kick") },
        { "ListSessions", BUS_AUTHZ_FREE, ACTION("list") },
        { "CountSessions", BUS_AUTHZ_FREE, ACTION("list") },
        { "Logout", BUS_AUTHZ_FREE, ACTION("revoke") },
        { "CreateCode", BUS_AUTHZ_FREE, ACTION("issue") },
        /* Public keys, and a status and counters that name nobody. */
        { "ListKeys", BUS_AUTHZ_FREE, BUS_AUTHZ_FREE },
        { "GetJWKS", BUS_AUTHZ_FREE, BUS_AUTHZ_FREE },
        { "GetStatus", BUS_AUTHZ_FREE, BUS_AUTHZ_FREE },
        { "ConfirmAdoption", ACTION("manage-keys"), ACTION("manage-keys") },
        { "ConfirmAdoptionSince", ACTION("manage-keys"), ACTION("manage-keys") },
        { "GetMetrics", BUS_AUTHZ_FREE, BUS_AUTHZ_FREE },
        { "RotateKey", ACTION("manage-keys"), ACTION("manage-keys") },
        { "Reload", ACTION("reload"), ACTION("reload") },
};

const BusPermission *bus_authz_find(const char *method) {
        for (size_t i = 0; i < ARRAY_SIZE(permissions); i++)
                if (!strcmp(permissions[i].method, method))
                        return &permissions[i];
        return NULL;
}

bool bus_authz_is_privileged(uid_t uid) {
        return uid != (uid_t)-1 && (uid == 0 || uid == geteuid());
}

bool bus_authz_is_free(const char *action) {
        return !*action;
}
