/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/token-terminal.h"

#define BACKSPACE '\b'
#define DELETE    '\x7f'

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGTSTP,
        SIGCONT };

/* For signals, too. */
static struct {
        int fd;
        struct termios before, quiet;
        struct sigaction actions[ARRAY_SIZE(signals)]; /* as they were */
        const char *prompt;
        size_t prompt_size;
        volatile sig_atomic_t is_held, is_quiet, is_asking, was_left;
} terminal;

/* Nobody could be told of a failure here. */
static void say(const char *text, size_t size) {
        ssize_t n = write(STDERR_FILENO, text, size);

        (void)n;
}

/* In the background the terminal and its settings are somebody else's. */
static bool is_in_front(void) {
        pid_t group = tcgetpgrp(terminal.fd);

        return group < 0 || group == getpgrp();
}

/* Mark it first: a signal before tcsetattr() then restores the settings needlessly, but one after it
 * must restore them. */
static int be_quiet(void) {
        bool was_quiet = terminal.is_quiet;
        int r;

        terminal.is_quiet = true;
        do
                r = tcsetattr(terminal.fd, TCSANOW, &terminal.quiet);
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return -errno;
        if (!was_quiet && terminal.is_asking)
                say(terminal.prompt, terminal.prompt_size);
        return 0;
}

static void give_back(void) {
        if (!terminal.is_quiet || !is_in_front())
                return;
        (void)tcflush(terminal.fd, TCIFLUSH);
        (void)tcsetattr(terminal.fd, TCSANOW, &terminal.before);
        terminal.is_quiet = false;
        terminal.was_left = true;
        if (terminal.is_asking)
                say("\n", 1);
}

static void deliver(int number) {
        struct sigaction usual = { .sa_handler = SIG_DFL }, ours;
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, number);
        (void)sigaction(number, &usual, &ours);
        (void)raise(number);
        (void)sigprocmask(SIG_UNBLOCK, &set, NULL); /* here it ends, or is stopped */
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
        (void)sigaction(number, &ours, NULL);
}

/* A shell that continues us in the foreground may have left the settings as they were when we were stopped. */
static void on_signal(int number) {
        int error = errno;

        if (number != SIGCONT) {
                give_back();
                deliver(number);
        }
        if (terminal.is_held && is_in_front())
                (void)be_quiet();
        errno = error;
}

/* Ignored signals, as with nohup, stay ignored. SIGTTOU is not blocked: it keeps a background process away
 * from the terminal. */
static void catch_signals(void) {
        struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

        sigemptyset(&action.sa_mask);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                sigaddset(&action.sa_mask, signals[i]);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
                (void)sigaction(signals[i], NULL, &terminal.actions[i]);
                if (terminal.actions[i].sa_handler != SIG_IGN)
                        (void)sigaction(signals[i], &action, NULL);
        }
}

static void leave_signals(void) {
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                (void)sigaction(signals[i], &terminal.actions[i], NULL);
}

/* Pasted lines end with CR; signals are still made by ^C and the like. */
static void compose_settings(void) {
        terminal.quiet = terminal.before;
        terminal.quiet.c_iflag |= ICRNL;
        terminal.quiet.c_iflag &= ~(tcflag_t)(IGNCR | INLCR | ISTRIP);
        terminal.quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL);
        terminal.quiet.c_cc[VMIN] = 1;
        terminal.quiet.c_cc[VTIME] = 0;
}

int token_terminal_hold(int fd, const char *prompt) {
        int r;

        terminal.was_left = false;
        if (terminal.is_held) {
                terminal.is_asking = true;
                say(terminal.prompt, terminal.prompt_size);
                return 0;
        }
        terminal.fd = fd;
        terminal.prompt = prompt;
        terminal.prompt_size = strlen(prompt);
        if (tcgetattr(fd, &terminal.before) < 0)
                return -errno;
        compose_settings();
        terminal.is_held = terminal.is_asking = true;
        catch_signals();
        r = be_quiet();
        if (r < 0)
                token_terminal_release();
        return r;
}

bool token_terminal_was_left(void) {
        bool was_left = terminal.was_left;

        terminal.was_left = false;
        return was_left;
}

static bool is_control(char c, int which) {
        cc_t control = terminal.before.c_cc[which];

        return control != _POSIX_VDISABLE && (cc_t)c == control;
}

static bool is_plain(char c) {
        return c != '\n' && c != BACKSPACE && c != DELETE && !is_control(c, VERASE) &&
               !is_control(c, VKILL) && !is_control(c, VWERASE) && !is_control(c, VEOF);
}

size_t token_terminal_count_plain(const char *data, size_t size) {
        size_t n = 0;

        while (n < size && is_plain(data[n]))
                n++;
        return n;
}

static void cut(Secret *line, size_t size) {
        secret_wipe(line->data + size, line->size - size);
        line->size = size;
}

int token_terminal_edit(Secret *line, size_t limit, char c) {
        if (c == '\n' || is_control(c, VEOF)) {
                terminal.is_asking = false;
                say("\n", 1);
                return c == '\n' ? TOKEN_TERMINAL_E_LINE : TOKEN_TERMINAL_E_END;
        }
        if (is_control(c, VKILL) || is_control(c, VWERASE))
                cut(line, 0);
        else if (line->size > 0 && line->size < limit)
                cut(line, line->size - 1);
        return 0;
}

void token_terminal_release(void) {
        if (!terminal.is_held)
                return;
        terminal.is_held = false;
        give_back();
        terminal.is_asking = false;
        leave_signals();
}
