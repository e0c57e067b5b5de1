/* SPDX-License-Identifier: MIT */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/ipc-client.h"
#include "common/text.h"
#include "tests/fleet/fleet-login.h"

#define PATIENCE_USEC UINT64_C(30000000)
#define REASON_MAX    128u

static void compose(char path[512], const char *directory, const char *folder, const char *name) {
        if (snprintf(path, 512, "%s/%s/%s", directory, folder, name) >= 512)
                errx(EXIT_FAILURE, "%s: too long", directory);
}

static void write_file(
        const char *directory, const char *folder, const char *name, const char *text) {
        char path[512];
        FILE *file;

        compose(path, directory, folder, name);
        file = fopen(path, "we");
        if (!file || fputs(text, file) < 0 || fclose(file) != 0)
                err(EXIT_FAILURE, "%s", path);
}

static void write_files(const FleetLogin *login) {
        char name[32], text[128];

        snprintf(name, sizeof(name), "%d", (int)getpid());
        snprintf(text, sizeof(text), "%s %d", login->id, FLEET_UID);
        write_file(login->directory, "processes", name, text);
        snprintf(text, sizeof(text), "UID=%d\nLEADER=%d\n", FLEET_UID, (int)getpid());
        write_file(login->directory, "sessions", login->id, text);
}

/* True if it went well; else why not. */
static bool ask(IpcClient *client, const IpcMessage *request, IpcMessage *ret_answer,
        char reason[REASON_MAX]) {
        int r;

        r = ipc_client_call(client, request, ipc_client_deadline(PATIENCE_USEC), ret_answer);
        if (r)
                snprintf(reason, REASON_MAX, "no answer (%d)", r);
        else if (ret_answer->status != IPC_STATUS_OK)
                snprintf(reason, REASON_MAX, "%.*s", (int)ret_answer->reason.size,
                        ret_answer->reason.data);
        return r == 0 && ret_answer->status == IPC_STATUS_OK;
}

static void log_in(const FleetLogin *login, char reason[REASON_MAX]) {
        IpcMessage request = {
                .type = IPC_AUTHENTICATE,
                .user = ipc_bytes(login->user),
                .service = ipc_bytes("fleet"),
                .token = ipc_bytes(login->token),
                .rhost = ipc_bytes("192.0.2.1"),
        };
        char path[512], handle[IPC_HANDLE_SIZE + 1];
        IpcMessage answer;
        IpcClient *client;
        int r;

        compose(path, login->directory, "socket", "pam.sock");
        r = ipc_client_open(path, IPC_CLIENT_UID_NONE, ipc_client_deadline(PATIENCE_USEC), &client);
        if (r) {
                snprintf(reason, REASON_MAX, "no connection (%d)", r);
                return;
        }
        if (ask(client, &request, &answer, reason)) {
                snprintf(handle, sizeof(handle), "%.*s", (int)answer.handle.size,
                        answer.handle.data);
                request.type = IPC_OPEN_SESSION;
                request.token = ipc_bytes(NULL);
                request.handle = ipc_bytes(handle);
                (void)ask(client, &request, &answer, reason);
        }
        ipc_client_close(client);
}

_Noreturn static void live(const FleetLogin *login, pid_t parent) {
        char reason[REASON_MAX] = "";

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                _exit(EXIT_FAILURE);
        /* What the parent has open it shall be able to close. */
        (void)close_range(3, ~0u, 0);
        write_files(login);
        log_in(login, reason);
        /* One write() each, so that rows of several processes do not mix. */
        if (*reason)
                dprintf(STDOUT_FILENO, "{\"host\": %u, \"opened\": \"%s\", \"refused\": \"%s\"}\n",
                        login->host, login->id, reason);
        else
                dprintf(STDOUT_FILENO, "{\"host\": %u, \"opened\": \"%s\"}\n", login->host,
                        login->id);
        while (!login->brief)
                (void)pause();
        _exit(EXIT_SUCCESS);
}

pid_t fleet_login_fork(const FleetLogin *login) {
        pid_t parent = getpid(), pid = fork();

        if (pid < 0)
                err(EXIT_FAILURE, "fork");
        if (pid == 0)
                live(login, parent);
        return pid;
}

static pid_t leader_of(const char *path) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
        char text[128], *leader;
        uint64_t pid = 0;
        ssize_t n;

        if (fd < 0)
                return -1;
        n = read(fd, text, sizeof(text) - 1);
        text[n > 0 ? n : 0] = '\0';
        leader = strstr(text, "\nLEADER=");
        if (!leader)
                return 0;
        leader += strlen("\nLEADER=");
        leader[strcspn(leader, "\n")] = '\0';
        (void)text_parse_u64(leader, INT32_MAX, &pid);
        return (pid_t)pid;
}

int fleet_login_remove(const char *directory, const char *id) {
        char path[512], name[32];
        pid_t pid;

        compose(path, directory, "sessions", id);
        pid = leader_of(path);
        if (pid < 0 || unlink(path) < 0)
                return -ENOENT;
        /* Only a child of ours; a record may name any process. */
        if (pid > 1 && waitpid(pid, NULL, WNOHANG) == 0) {
                (void)kill(pid, SIGKILL);
                (void)waitpid(pid, NULL, 0);
        }
        snprintf(name, sizeof(name), "%d", (int)pid);
        compose(path, directory, "processes", name);
        (void)unlink(path);
        return 0;
}
