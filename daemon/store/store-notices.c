/* SPDX-License-Identifier: MIT */

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include "daemon/store/store-notices.h"
#include "daemon/store/store-object.h"

#define NOTICE_INTERVAL_USEC UINT64_C(10000000)

bool store_notices_tell(
        StoreNotices *notices, UserStore *store, StoreFailure failure, const char *format, ...) {
        uint64_t now_usec = store_now_usec(store);
        char message[STORE_MESSAGE_MAX];
        va_list arguments;

        if (now_usec < notices->next_usec[failure]) {
                notices->n_silent[failure]++;
                return false;
        }
        va_start(arguments, format);
        vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
        if (notices->n_silent[failure] > 0)
                store_tell(store, LOG_ERR, "%.*s (and %u times before)", 200, message,
                        notices->n_silent[failure]);
        else
                store_tell(store, LOG_ERR, "%s", message);
        notices->next_usec[failure] = now_usec + NOTICE_INTERVAL_USEC;
        notices->n_silent[failure] = 0;
        return true;
}
