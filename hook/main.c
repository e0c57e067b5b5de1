/* SPDX-License-Identifier: MIT */

/*
 * The runner of hooks: a process for one event, started by authtoken-hook.socket with the connection of
 * the daemon as standard input. Reads the event, runs the hooks, answers, ends.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "hook/hook-file.h"
#include "hook/hook-output.h"
#include "hook/hook-process.h"

#define DIRECTORY         "/etc/authtoken/hooks.d"
#define RECEIVE_WAIT_MSEC 5000

static const struct option options[] = {
        { "directory", required_argument, NULL, 'd' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
};

static const char help[] = "Usage: authtoken-hook [--directory DIR]\n\n"
                           "Run the hooks in DIR (" DIRECTORY ") for one event, which comes\n"
                           "from authtokend through a socket that is standard input.\n"
                           "See authtoken-hooks(7).\n";

static int receive(char *packet, size_t size, HookMessage *ret_message) {
        struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
        ssize_t n;

        if (poll(&input, 1, RECEIVE_WAIT_MSEC) <= 0)
                return -ETIMEDOUT;
        n = recv(STDIN_FILENO, packet, size, MSG_DONTWAIT);
        if (n < 0)
                return -errno;
        return hook_message_decode(packet, (size_t)n, ret_message) ? -EBADMSG : 0;
}

/* The daemon that asked may be gone. */
static int answer(const HookAnswer *verdict) {
        char packet[HOOK_ANSWER_MAX];
        size_t size;

        if (hook_answer_encode(verdict, packet, sizeof(packet), &size) ||
                send(STDIN_FILENO, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}

static HookOutcome run_file(int directory_fd, const HookJob *job) {
        HookFileVerdict verdict;
        struct stat info;

        if (fstatat(directory_fd, job->name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
                hook_output_log(LOG_ERR, "hook %s: %s", job->name, strerror(errno));
                return HOOK_FAILED;
        }
        verdict = hook_file_judge(&info);
        if (verdict == HOOK_FILE_SKIP)
                return HOOK_ALLOWED;
        if (verdict == HOOK_FILE_RUN)
                return hook_process_run(job);
        hook_output_log(LOG_ERR, "hook %s must not run: %s", job->name, hook_file_fault(verdict));
        return HOOK_FAILED;
}

/* The first hook that does not allow a login decides. Other events are told to all hooks. */
static HookAnswer run_files(int directory_fd, const HookFiles *files, const char *directory,
        const HookMessage *message) {
        HookAnswer verdict = { .outcome = HOOK_ALLOWED };

        for (size_t i = 0; i < files->n_entries; i++) {
                const HookJob job = { directory, files->entries[i]->d_name, message };
                HookOutcome outcome = run_file(directory_fd, &job);

                if (outcome == HOOK_ALLOWED)
                        continue;
                verdict.outcome = message->kind == HOOK_LOGIN ? outcome : HOOK_FAILED;
                snprintf(verdict.name, sizeof(verdict.name), "%s", job.name);
                if (message->kind == HOOK_LOGIN)
                        break;
        }
        return verdict;
}

static HookAnswer run(const char *directory, const HookMessage *message) {
        HookAnswer verdict = { .outcome = HOOK_FAILED };
        _cleanup_(closep) int fd = -1;
        HookFiles files = { 0 };
        int r;

        r = hook_directory_open(directory, &fd);
        if (r) {
                hook_output_log(LOG_ERR, "%s: %s", directory,
                        r > 0 ? "others than root may write there, or above" : strerror(-r));
                return verdict;
        }
        r = hook_files_list(fd, &files);
        if (r)
                hook_output_log(LOG_ERR, "%s: %s", directory,
                        r > 0 ? "there are more than 64 hooks" : strerror(-r));
        else
                verdict = run_files(fd, &files, directory, message);
        hook_files_clear(&files);
        return verdict;
}

int main(int argc, char **argv) {
        const char *directory = DIRECTORY;
        char packet[HOOK_PACKET_MAX + 1];
        HookMessage message = { 0 };
        HookAnswer verdict;
        int option, r;

        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
                switch (option) {
                case 'd':
                        directory = optarg;
                        break;
                case 'V':
                        return puts("authtoken-hook " AUTHTOKEN_VERSION) < 0;
                case 'h':
                        return fputs(help, stdout) < 0;
                default:
                        return 2;
                }
        (void)signal(SIGPIPE, SIG_IGN);
        r = receive(packet, sizeof(packet), &message);
        if (r < 0) {
                hook_output_log(LOG_ERR, "no event came: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        verdict = run(directory, &message);
        return answer(&verdict);
}
