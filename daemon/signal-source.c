/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <signal.h>

#include "daemon/signal-source.h"

int signal_sources_add(sd_event *event, sd_event_signal_handler_t on_hangup, void *userdata) {
        sigset_t signals;
        int r;

        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGHUP);
        /* Before any thread is made, so that all threads block them. */
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGHUP, on_hangup, userdata);
        return r;
}
