#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A daemon that does as the scenario says, in a process of its own.
 */

#include <sys/types.h>

#include "tests/pam/scenario.h"

typedef struct FakeDaemon {
        pid_t pid;          /* 0: none runs */
        int control;        /* closed: the daemon takes what waits, and ends */
        char directory[64]; /* of the test, removed at its end */
        char path[108];     /* of the socket, whether it is there or not */
} FakeDaemon;

/**
 * fake_daemon_start() - make the socket, and serve it
 * @scenario:   with the daemon's behaviour and what is odd about the path
 * @ret_daemon: to be given to fake_daemon_stop()
 */
void fake_daemon_start(const Scenario *scenario, FakeDaemon *ret_daemon);

/**
 * fake_daemon_stop() - wait until every connection stands in the transcript, then clean up
 * @daemon:     from fake_daemon_start()
 */
void fake_daemon_stop(FakeDaemon *daemon);
