/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/keys-input.h"
#include "cli/keys.h"
#include "common/translation.h"
#include "daemon/token/key-export.h"
#include "daemon/token/keyring-refresh.h"

#define STORE    "/etc/credstore.encrypted"
#define PROGRAM  "systemd-creds"
#define NO_ENTRY 127

/* As the daemon's unit names them. */
#define SIGNING_KEY "signing-key"
#define REFRESH_KEY "refresh-key"

typedef enum Option {
        OPTION_OUT = 256,
        OPTION_WITH_KEY,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "out", required_argument, NULL, OPTION_OUT },
        { "with-key", required_argument, NULL, OPTION_WITH_KEY },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl keys seal [OPTION]... FILE\n\n"
           "Encrypt the private key of FILE, a JWK or PEM, for this machine, as the credential\n"
           "\"signing-key\", or \"refresh-key\" for refresh tokens, that the daemon's unit\n"
           "loads at its next start. FILE stays: remove it afterwards. FILE may be - for standard\n"
           "input.\n\n"
           "  --out FILE      instead of /etc/credstore.encrypted/signing-key\n"
           "  --with-key KEY  host, tpm2, host+tpm2 or auto, as for systemd-creds(1)\n"
           "  -h, --help      this text\n");

typedef struct Seal {
        const char *file, *out, *with_key;
        const char *name; /* of the credential */
        bool help;
} Seal;

static ExitStatus set_option(Seal *seal, Option option) {
        switch (option) {
        case OPTION_OUT:
                return take_argument("keys seal", "--out", optarg, &seal->out);
        case OPTION_WITH_KEY:
                return take_argument("keys seal", "--with-key", optarg, &seal->with_key);
        case OPTION_HELP:
                seal->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("keys seal");
}

static ExitStatus parse(Seal *seal, int argc, char **argv) {
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                ExitStatus status = set_option(seal, (Option)option);

                if (status != STATUS_OK || seal->help)
                        return status;
        }
        if (argc - optind != 1 || !argv[optind])
                return complain_usage("keys seal", "exactly one file is needed");
        return take_argument("keys seal", "FILE", argv[optind], &seal->file);
}

static int take_key(const Keyring *keyring, Seal *seal, Secret **ret_text) {
        bool is_refresh = keyring_size(keyring) == 0;
        const Key *key;

        if (keyring_size(keyring) + keyring_refresh_size(keyring) != 1)
                return KEY_E_SEVERAL;
        key = is_refresh ? keyring_refresh_at(keyring, 0) : keyring_at(keyring, 0);
        if (!is_refresh && !key_may_sign(key))
                return KEY_E_SIGNING_KEY;
        seal->name = is_refresh ? REFRESH_KEY : SIGNING_KEY;
        return key_export(key, is_refresh, ret_text);
}

/* A key that the daemon would refuse at its start is not sealed. As a JWK it keeps its key id. */
static ExitStatus read_key(Seal *seal, Secret **ret_text) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        KeyFault fault = { "out of memory" };
        int r;

        r = keyring_new(&keyring);
        if (r == 0)
                r = keys_input_load(seal->file, keyring, &fault);
        if (r == 0) {
                r = take_key(keyring, seal, ret_text);
                if (r)
                        (void)key_fault_set(&fault, seal->file, r);
        }
        if (r == 0)
                return STATUS_OK;
        complain("%s", fault.text);
        return STATUS_FAILED;
}

/* In the child. */
static void encrypt(const Seal *seal, int input) {
        char name[32], with_key[64], out[64];
        const char *arguments[7] = { PROGRAM, "encrypt", name };
        size_t n = 3;

        (void)snprintf(name, sizeof(name), "--name=%s", seal->name);
        (void)snprintf(out, sizeof(out), STORE "/%s", seal->name);
        if (seal->with_key) {
                (void)snprintf(with_key, sizeof(with_key), "--with-key=%s", seal->with_key);
                arguments[n++] = with_key;
        }
        arguments[n++] = "-";
        arguments[n++] = seal->out ? seal->out : out;
        (void)umask(0077);
        if (dup2(input, STDIN_FILENO) >= 0)
                (void)execvp(PROGRAM, (char *const *)arguments);
        complain("cannot run %s: %s", PROGRAM, strerror(errno));
        _exit(NO_ENTRY);
}

/* The key fits into the pipe, so the write does not wait for a reader. */
static int feed(int fd, const Secret *text) {
        ssize_t n = write(fd, text->data, text->size);

        if (n < 0)
                return -errno;
        return (size_t)n == text->size ? 0 : -EIO;
}

static ExitStatus wait_for(pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return STATUS_FAILED;
        /* systemd-creds has already said what was wrong. */
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? STATUS_OK : STATUS_FAILED;
}

static ExitStatus run(const Seal *seal, const Secret *text) {
        int pipe_fds[2], r;
        pid_t pid;

        if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
                complain("cannot run %s: %s", PROGRAM, strerror(errno));
                return STATUS_FAILED;
        }
        (void)signal(SIGPIPE, SIG_IGN);
        pid = fork();
        if (pid == 0) {
                (void)signal(SIGPIPE, SIG_DFL);
                encrypt(seal, pipe_fds[0]);
        }
        r = pid < 0 ? -errno : feed(pipe_fds[1], text);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        if (pid < 0 || (r < 0 && r != -EPIPE))
                complain("cannot run %s: %s", PROGRAM, strerror(-r));
        return pid < 0 ? STATUS_FAILED : wait_for(pid);
}

ExitStatus keys_seal_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(secret_freep) Secret *text = NULL;
        Seal seal = { 0 };
        ExitStatus status;

        (void)line;
        status = parse(&seal, argc, argv);
        if (status == STATUS_OK && (seal.help || !seal.file))
                return show_help(help);
        if (status == STATUS_OK)
                status = read_key(&seal, &text);
        if (status != STATUS_OK)
                return status;
        if (!seal.out && mkdir(STORE, 0700) < 0 && errno != EEXIST) {
                complain("cannot make %s: %s", STORE, strerror(errno));
                return STATUS_FAILED;
        }
        return run(&seal, text);
}
