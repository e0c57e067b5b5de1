/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/keys.h"
#include "common/translation.h"
#include "daemon/token/jwk-generate.h"
#include "daemon/token/key-file.h"
#include "daemon/token/key-import.h"
#include "daemon/token/keyring-refresh.h"

#define ALGORITHM_DEFAULT "ES256"
#define ALGORITHM_REFRESH "HS256"

typedef enum Option {
        OPTION_ALG = 256,
        OPTION_KID,
        OPTION_OUT,
        OPTION_DIRECTORY,
        OPTION_PUBLIC,
        OPTION_REFRESH,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "alg", required_argument, NULL, OPTION_ALG },
        { "kid", required_argument, NULL, OPTION_KID },
        { "out", required_argument, NULL, OPTION_OUT },
        { "directory", required_argument, NULL, OPTION_DIRECTORY },
        { "public", no_argument, NULL, OPTION_PUBLIC },
        { "refresh", no_argument, NULL, OPTION_REFRESH },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] = N_(
        "Usage: authtokenctl keys generate [OPTION]...\n\n"
        "Make a private key, without the daemon, and print it as a JWK; or write it to a file\n"
        "and print its id.\n\n"
        "  --alg ALG        HS256 to HS512, RS256 to RS512, PS256 to PS512, ES256 (the default)\n"
        "                   to ES512, or EdDSA\n"
        "  --kid KID        its id, instead of the beginning of its thumbprint\n"
        "  --out FILE       write it to a new file that only you can read\n"
        "  --directory DIR  add it to a key directory, where it does not sign yet\n"
        "  --public         with --out or --directory: print its public half as a JSON Web Key\n"
        "                   Set instead of its id\n"
        "  --refresh        a key for refresh tokens, which the hosts of a fleet share\n"
        "  -h, --help       this text\n");

typedef struct Generate {
        const char *algorithm, *kid, *out, *directory;
        bool is_public, is_refresh, help;
} Generate;

static ExitStatus set_option(Generate *generate, Option option) {
        switch (option) {
        case OPTION_ALG:
                return take_text("keys generate", "--alg", optarg, &generate->algorithm);
        case OPTION_KID:
                return take_text("keys generate", "--kid", optarg, &generate->kid);
        case OPTION_OUT:
                return take_argument("keys generate", "--out", optarg, &generate->out);
        case OPTION_DIRECTORY:
                return take_argument("keys generate", "--directory", optarg, &generate->directory);
        case OPTION_PUBLIC:
                generate->is_public = true;
                return STATUS_OK;
        case OPTION_REFRESH:
                generate->is_refresh = true;
                return STATUS_OK;
        case OPTION_HELP:
                generate->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("keys generate");
}

static ExitStatus check(const Generate *generate) {
        const Algorithm *algorithm = algorithm_find(generate->algorithm);

        if (!algorithm)
                return complain_usage(
                        "keys generate", "there is no algorithm %s", generate->algorithm);
        if (generate->is_refresh && algorithm != algorithm_find(ALGORITHM_REFRESH))
                return complain_usage("keys generate", "a key for refresh tokens is of HS256");
        if (generate->out && generate->directory)
                return complain_usage("keys generate", "--out and --directory exclude each other");
        if (generate->is_public && !generate->out && !generate->directory)
                return complain_usage("keys generate", "--public needs --out or --directory");
        if (generate->is_public && algorithm->type == KEY_TYPE_OCT)
                return complain_usage("keys generate", "an HMAC key has no public half");
        if (!generate->out && !generate->directory && isatty(STDOUT_FILENO))
                return complain_usage("keys generate",
                        "a private key is not shown on a terminal: use --out or --directory");
        return STATUS_OK;
}

static ExitStatus parse(Generate *generate, int argc, char **argv) {
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                ExitStatus status = set_option(generate, (Option)option);

                if (status != STATUS_OK || generate->help)
                        return status;
        }
        if (argc > optind)
                return complain_usage("keys generate", "no arguments are taken");
        if (!generate->algorithm)
                generate->algorithm = generate->is_refresh ? ALGORITHM_REFRESH : ALGORITHM_DEFAULT;
        return check(generate);
}

/* Read the key as the daemon would: a key that it would refuse is not given out. */
static ExitStatus make(const Generate *generate, Secret **ret_text, Keyring **ret_keyring) {
        static const KeyFileRules rules = { .any_place = true, .refresh = true };
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        _cleanup_(secret_freep) Secret *text = NULL;
        KeyFault fault;
        int r;

        r = jwk_generate_named(generate->is_refresh ? NULL : algorithm_find(generate->algorithm),
                generate->kid, &text);
        if (r == 0)
                r = keyring_new(&keyring);
        if (r == 0)
                r = key_file_parse(keyring, text, &rules, &fault);
        if (r) {
                complain("cannot make a key: %s", key_error_text(r));
                return r == KEY_E_KID ? STATUS_USAGE : STATUS_FAILED;
        }
        *ret_text = TAKE_PTR(text);
        *ret_keyring = TAKE_PTR(keyring);
        return STATUS_OK;
}

static int write_fd(int fd, const Secret *text) {
        for (size_t done = 0; done < text->size;) {
                ssize_t n = write(fd, text->data + done, text->size - done);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        done += (size_t)n;
        }
        return 0;
}

static ExitStatus write_file(const char *path, const Secret *text) {
        _cleanup_(closep) int fd =
                open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        int r;

        if (fd < 0) {
                complain("cannot make %s: %s", path, strerror(errno));
                return STATUS_FAILED;
        }
        r = write_fd(fd, text);
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (r == 0)
                return STATUS_OK;
        complain("cannot write to %s: %s", path, strerror(-r));
        (void)unlink(path);
        return STATUS_FAILED;
}

static ExitStatus add_to_directory(const char *directory, const Keyring *keyring) {
        const KeyDirectoryRules rules = {
                .directory = directory,
                .now_sec = (uint64_t)time(NULL),
                .any_owner = true,
        };
        KeyFault fault;
        KeyImport done;

        if (key_import(&rules, keyring, &done, &fault) == 0)
                return STATUS_OK;
        complain("%s", fault.text);
        return STATUS_FAILED;
}

static ExitStatus tell(const Generate *generate, const Keyring *keyring) {
        _cleanup_(freep) char *jwks = NULL;

        if (generate->is_public && keyring_jwks(keyring, &jwks) < 0) {
                complain("cannot show the key: %s", strerror(ENOMEM));
                return STATUS_FAILED;
        }
        puts(jwks ? jwks
                  : key_kid(keyring_size(keyring) ? keyring_at(keyring, 0)
                                                  : keyring_refresh_at(keyring, 0)));
        return finish_output();
}

static ExitStatus print_private(const Secret *text) {
        int r = write_fd(STDOUT_FILENO, text);

        if (r == 0)
                return STATUS_OK;
        complain("cannot write to standard output: %s", strerror(-r));
        return STATUS_FAILED;
}

ExitStatus keys_generate_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        _cleanup_(secret_freep) Secret *text = NULL;
        Generate generate = { 0 };
        ExitStatus status;

        (void)line;
        status = parse(&generate, argc, argv);
        if (status == STATUS_OK && generate.help)
                return show_help(help);
        if (status == STATUS_OK)
                status = make(&generate, &text, &keyring);
        if (status != STATUS_OK)
                return status;
        if (generate.out)
                status = write_file(generate.out, text);
        else if (generate.directory)
                status = add_to_directory(generate.directory, keyring);
        else
                return print_private(text);
        return status == STATUS_OK ? tell(&generate, keyring) : status;
}
