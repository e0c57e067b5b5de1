/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/polkit-agent.h"
#include "common/cleanup.h"

#define AGENT     "/usr/bin/pkttyagent"
#define WAIT_MSEC 5000
#define TEXT_SIZE 24u

/* In the child. The agent closes @notify_fd when it is registered, or by ending. */
static void run_agent(int notify_fd, pid_t parent) {
        char fd[TEXT_SIZE], pid[TEXT_SIZE];

        snprintf(fd, sizeof(fd), "%d", notify_fd);
        snprintf(pid, sizeof(pid), "%" PRIdMAX, (intmax_t)parent);
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
                _exit(EXIT_FAILURE);
        execl(AGENT, AGENT, "--notify-fd", fd, "--fallback", "--process", pid, (char *)NULL);
        _exit(EXIT_FAILURE);
}

void polkit_agent_start(void) {
        _cleanup_(closep) int ours = -1;
        pid_t parent = getpid(), child;
        int ends[2];

        if (pipe(ends) < 0)
                return;
        ours = ends[0];
        child = fork();
        if (child == 0) {
                close(ours);
                run_agent(ends[1], parent);
        }
        close(ends[1]);
        if (child > 0)
                (void)poll(&(struct pollfd){ .fd = ours, .events = POLLIN }, 1, WAIT_MSEC);
}
