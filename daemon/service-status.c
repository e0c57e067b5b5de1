/* SPDX-License-Identifier: MIT */
#include "daemon/service-status.h"

#include <systemd/sd-daemon.h>

#include "daemon/login/login-registry.h"
#include "daemon/operation/context.h"
#include "daemon/store/user-store.h"

void service_status_tell(const Context *context) {
        StoreHealth health;

        user_store_health(context->store, &health);
        (void)sd_notifyf(0, "STATUS=Serving %zu live logins; store %s%s%s.",
                login_registry_count(context->logins), health.online ? "online" : "offline",
                *health.message ? ": " : "", health.message);
}
