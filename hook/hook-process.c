/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "hook/hook-output.h"
#include "hook/hook-process.h"

#define KILL_WAIT_MSEC 500
#define CHUNK          65536u

typedef struct Process {
        pid_t pid;
        int pid_fd;
        int output_fd; /* non-blocking; -1 at its end */
        HookOutput output;
} Process;

static uint64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* A file, not a pipe: a hook need not read it, and the runner never waits for one that does not. */
static int make_input(const HookMessage *message) {
        _cleanup_(closep) int fd = memfd_create("event", MFD_CLOEXEC);

        if (fd < 0)
                return -errno;
        if (write(fd, message->json, message->json_size) != (ssize_t)message->json_size ||
                write(fd, "\n", 1) != 1)
                return -EIO;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int set_actions(posix_spawn_file_actions_t *actions, int input_fd, int output_fd) {
        int r;

        r = posix_spawn_file_actions_adddup2(actions, input_fd, STDIN_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(actions, output_fd, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(actions, output_fd, STDERR_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_addchdir_np(actions, "/");
        return r;
}

static int set_attributes(posix_spawnattr_t *attributes) {
        sigset_t none, all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        r = posix_spawnattr_setflags(
                attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        if (r == 0)
                r = posix_spawnattr_setpgroup(attributes, 0);
        if (r == 0)
                r = posix_spawnattr_setsigmask(attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(attributes, &all);
        return r;
}

/* Where the service manager put the files of LoadCredential=. The unit, and so the directory, has another name
 * each time. */
static int name_credentials(char *variable, size_t size) {
        const char *directory = getenv("CREDENTIALS_DIRECTORY");

        variable[0] = '\0';
        if (!directory)
                return 0;
        return snprintf(variable, size, "CREDENTIALS_DIRECTORY=%s", directory) < (int)size
                       ? 0
                       : -ENAMETOOLONG;
}

/* Unlike fork() and exec(), this tells why a program could not be started. */
static int spawn(const HookJob *job, int input_fd, int output_fd, pid_t *ret_pid) {
        char path[PATH_MAX], event[64], credentials[PATH_MAX];
        char *const arguments[] = { path, NULL };
        char search[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        char language[] = "LANG=C.UTF-8";
        char *environment[] = { search, language, event, NULL, NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int r;

        if (snprintf(path, sizeof(path), "%s/%s", job->directory, job->name) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        r = name_credentials(credentials, sizeof(credentials));
        if (r < 0)
                return r;
        if (*credentials)
                environment[3] = credentials;
        snprintf(event, sizeof(event), "AUTHTOKEN_EVENT=%s", hook_kind_name(job->message->kind));
        r = posix_spawn_file_actions_init(&actions);
        if (r)
                return -r;
        r = posix_spawnattr_init(&attributes);
        if (r == 0) {
                r = set_actions(&actions, input_fd, output_fd);
                if (r == 0)
                        r = set_attributes(&attributes);
                if (r == 0)
                        r = posix_spawn(
                                ret_pid, path, &actions, &attributes, arguments, environment);
                (void)posix_spawnattr_destroy(&attributes);
        }
        (void)posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static void kill_group(const Process *process) {
        (void)kill(-process->pid, SIGKILL);
}

static int start(const HookJob *job, Process *process) {
        _cleanup_(closep) int input_fd = make_input(job->message);
        int fds[2], r;

        if (input_fd < 0)
                return input_fd;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        process->output_fd = fds[0];
        r = fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
        if (r == 0)
                r = spawn(job, input_fd, fds[1], &process->pid);
        close(fds[1]);
        if (r < 0)
                return r;
        process->pid_fd = pidfd_open(process->pid, 0);
        return process->pid_fd < 0 ? -errno : 0;
}

static void read_output(Process *process) {
        char chunk[CHUNK];
        ssize_t n;

        n = read(process->output_fd, chunk, sizeof(chunk));
        if (n > 0) {
                hook_output_add(&process->output, chunk, (size_t)n);
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                close(process->output_fd);
                process->output_fd = -1;
        }
}

/* Wait for the end of the hook, not of its output: a child of the hook may hold that open. */
static bool wait_for_end(Process *process, uint64_t deadline_usec) {
        for (;;) {
                struct pollfd fds[] = {
                        { .fd = process->pid_fd, .events = POLLIN },
                        { .fd = process->output_fd, .events = POLLIN },
                };
                uint64_t now = now_usec();
                int n, wait_msec = 0;

                if (deadline_usec > now)
                        wait_msec = (int)((deadline_usec - now + 999) / 1000);
                n = poll(fds, ARRAY_SIZE(fds), wait_msec);
                if (n < 0 && errno != EINTR)
                        return false;
                if (n > 0 && fds[0].revents)
                        return true;
                if (n == 0 || now >= deadline_usec)
                        return false;
                if (fds[1].revents)
                        read_output(process);
        }
}

static HookOutcome judge(const Process *process, const siginfo_t *info) {
        const char *name = process->output.name;

        if (info->si_code != CLD_EXITED) {
                hook_output_log(LOG_ERR, "hook %s was killed by signal %d", name, info->si_status);
                return HOOK_FAILED;
        }
        if (info->si_status == 0)
                return HOOK_ALLOWED;
        hook_output_log(LOG_NOTICE, "hook %s ended with status %d", name, info->si_status);
        return HOOK_VETOED;
}

/* The group is killed before its leader is reaped: afterwards the number could be somebody
 * else's. */
static HookOutcome finish(Process *process, bool ended) {
        struct pollfd end = { .fd = process->pid_fd, .events = POLLIN };
        siginfo_t info = { 0 };

        kill_group(process);
        if (!ended)
                hook_output_log(LOG_ERR, "hook %s was not done in time, and was killed",
                        process->output.name);
        (void)poll(&end, 1, KILL_WAIT_MSEC);
        if (waitid(P_PIDFD, (id_t)process->pid_fd, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
                return HOOK_FAILED;
        for (unsigned int i = 0; i < 2 && process->output_fd >= 0; i++)
                read_output(process);
        return ended ? judge(process, &info) : HOOK_FAILED;
}

static void clear(Process *process) {
        if (process->pid_fd >= 0)
                close(process->pid_fd);
        if (process->output_fd >= 0)
                close(process->output_fd);
}

HookOutcome hook_process_run(const HookJob *job) {
        Process process = { .pid_fd = -1, .output_fd = -1, .output = { .name = job->name } };
        HookOutcome outcome = HOOK_FAILED;
        int r;

        r = start(job, &process);
        if (r < 0)
                hook_output_log(LOG_ERR, "hook %s cannot be run: %s", job->name, strerror(-r));
        else
                outcome = finish(&process, wait_for_end(&process, job->message->deadline_usec));
        if (r < 0 && process.pid > 0)
                kill_group(&process);
        hook_output_finish(&process.output);
        clear(&process);
        return outcome;
}
