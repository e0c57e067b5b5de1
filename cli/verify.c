/* SPDX-License-Identifier: MIT */
#include "cli/verify.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "authtoken/reason.h"
#include "cli/token-reader.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "common/translation.h"
#include "daemon/token/key-file.h"
#include "daemon/token/token-verifier.h"

#define EXIT_ALL_OK      0
#define EXIT_ONE_REFUSED 1
#define EXIT_UNUSABLE    2

#define KEY_OPTIONS_MAX 64u
#define TOKEN_SIZE_MAX  (1u << 20)

/* The options of the command line. Text is borrowed from it. */
typedef struct VerifyCommand {
        VerifyRules rules;
        VerifyRequest request;
        const Algorithm *algorithm;
        const char *jwks;
        char *keys[KEY_OPTIONS_MAX]; /* [KID=]FILE */
        size_t n_keys;
        uint32_t seen; /* a bit for each row of options */
        bool batch;
        bool base64;
        bool help;
} VerifyCommand;

typedef enum Option {
        OPTION_JWKS = 256,
        OPTION_KEY,
        OPTION_ALG,
        OPTION_SIGNATURE_ONLY,
        OPTION_ISSUER,
        OPTION_AUDIENCE,
        OPTION_USER,
        OPTION_MAX_LIFETIME,
        OPTION_MAX_SIZE,
        OPTION_NOW,
        OPTION_BATCH,
        OPTION_BASE64,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "jwks", required_argument, NULL, OPTION_JWKS },
        { "key", required_argument, NULL, OPTION_KEY },
        { "alg", required_argument, NULL, OPTION_ALG },
        { "signature-only", no_argument, NULL, OPTION_SIGNATURE_ONLY },
        { "issuer", required_argument, NULL, OPTION_ISSUER },
        { "audience", required_argument, NULL, OPTION_AUDIENCE },
        { "user", required_argument, NULL, OPTION_USER },
        { "max-lifetime", required_argument, NULL, OPTION_MAX_LIFETIME },
        { "max-size", required_argument, NULL, OPTION_MAX_SIZE },
        { "now", required_argument, NULL, OPTION_NOW },
        { "batch", no_argument, NULL, OPTION_BATCH },
        { "base64", no_argument, NULL, OPTION_BASE64 },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char usage[] = N_(
        "usage: authtokenctl verify (--jwks FILE | --key [KID=]FILE) [--alg A] [--signature-only]\n"
        "                           [--issuer I] [--audience A] [--user U] [--max-lifetime SEC]\n"
        "                           [--max-size N] [--now EPOCH] [--batch [--base64]]\n"
        "Reads a token from standard input, with --batch one a line, and prints ok or the reason\n"
        "of the refusal for each. See authtokenctl(1) and authtoken-reasons(7).\n");

static int parse_number(const char *option, const char *text, uint64_t max, uint64_t *ret_value) {
        if (text_parse_u64(text, max, ret_value) == 0)
                return 0;
        fprintf(stderr, _("authtokenctl: verify: --%s: \"%s\" is not a number up to %llu\n"),
                option, text, (unsigned long long)max);
        return EXIT_UNUSABLE;
}

static int parse_algorithm(const char *name, VerifyCommand *command) {
        command->algorithm = algorithm_find(name);
        if (command->algorithm)
                return 0;
        fprintf(stderr, _("authtokenctl: verify: --alg: no algorithm \"%s\"\n"), name);
        return EXIT_UNUSABLE;
}

static int parse_key(char *argument, VerifyCommand *command) {
        if (command->n_keys == KEY_OPTIONS_MAX) {
                fprintf(stderr, _("authtokenctl: verify: more than %u keys\n"), KEY_OPTIONS_MAX);
                return EXIT_UNUSABLE;
        }
        command->keys[command->n_keys++] = argument;
        return 0;
}

static int parse_max_size(const char *text, VerifyCommand *command) {
        uint64_t value;
        int r;

        r = parse_number("max-size", text, TOKEN_SIZE_MAX, &value);
        if (r == 0)
                command->rules.max_size = (size_t)value;
        return r;
}

static int parse_option(Option option, char *argument, VerifyCommand *command) {
        switch (option) {
        case OPTION_JWKS:
                command->jwks = argument;
                return 0;
        case OPTION_KEY:
                return parse_key(argument, command);
        case OPTION_ALG:
                return parse_algorithm(argument, command);
        case OPTION_SIGNATURE_ONLY:
                command->rules.signature_only = true;
                return 0;
        case OPTION_ISSUER:
                command->rules.issuer = argument;
                return 0;
        case OPTION_AUDIENCE:
                command->request.audience = argument;
                return 0;
        case OPTION_USER:
                command->request.user = argument;
                return 0;
        case OPTION_MAX_LIFETIME:
                return parse_number("max-lifetime", argument, CLAIMS_TIME_MAX,
                        &command->rules.max_lifetime_sec);
        case OPTION_MAX_SIZE:
                return parse_max_size(argument, command);
        case OPTION_NOW:
                return parse_number("now", argument, CLAIMS_TIME_MAX, &command->request.now_sec);
        case OPTION_BATCH:
                command->batch = true;
                return 0;
        case OPTION_BASE64:
                command->base64 = true;
                return 0;
        case OPTION_HELP:
                command->help = true;
                return 0;
        case OPTION_UNKNOWN:
                break;
        }
        fputs(_(usage), stderr);
        return EXIT_UNUSABLE;
}

/* One of two values would be dropped silently. */
static int refuse_second(int row, VerifyCommand *command) {
        uint32_t bit = UINT32_C(1) << row;

        if ((command->seen & bit) && options[row].has_arg && options[row].val != OPTION_KEY) {
                fprintf(stderr, _("authtokenctl: verify: --%s is given twice\n"),
                        options[row].name);
                return EXIT_UNUSABLE;
        }
        command->seen |= bit;
        return 0;
}

static int parse_command(int argc, char **argv, VerifyCommand *command) {
        int option, row, r;

        optind = 0; /* whoever found the subcommand may have used getopt() before */
        while (row = -1, (option = getopt_long(argc, argv, "h", options, &row)) != -1) {
                r = row < 0 ? 0 : refuse_second(row, command);
                if (r == 0)
                        r = parse_option((Option)option, optarg, command);
                if (r)
                        return r;
        }
        if (command->help)
                return 0;
        /* Either a set in which the kid decides, or keys that were named one by one. */
        if (optind != argc || !command->jwks == !command->n_keys) {
                fputs(_(usage), stderr);
                return EXIT_UNUSABLE;
        }
        return 0;
}

/* Splits [KID=]FILE. With a slash before the first '=' the whole argument is a path. */
static const char *split_key(char *argument, const char **ret_kid) {
        char *equals = strchr(argument, '=');

        *ret_kid = NULL;
        if (!equals || equals == argument || memchr(argument, '/', (size_t)(equals - argument)))
                return argument;
        *equals = '\0';
        *ret_kid = argument;
        return equals + 1;
}

/* The user names the file, so its place and mode are not checked. */
static int load_keys(VerifyCommand *command, Keyring *keyring, KeyFault *fault) {
        KeyFileRules rules = {
                .any_place = true,
                .any_algorithm = true,
                .algorithm = command->algorithm,
        };
        int r = 0;

        if (command->jwks)
                return key_file_load(keyring, command->jwks, &rules, fault);
        for (size_t i = 0; i < command->n_keys && r == 0; i++) {
                const char *file = split_key(command->keys[i], &rules.kid);

                rules.any_kid = !rules.kid;
                r = key_file_load(keyring, file, &rules, fault);
        }
        return r;
}

static Reason verify_one(
        const VerifyCommand *command, const Keyring *keyring, const Secret *token) {
        _cleanup_(claims_unrefp) Claims *claims = NULL;
        VerifyRequest request = command->request;

        request.token = token->data;
        request.token_size = token->size;
        return token_verify(keyring, &command->rules, &request, &claims);
}

static int finish_verdicts(int status) {
        errno = 0;
        if (fflush(stdout) == 0 && !ferror(stdout))
                return status;
        fprintf(stderr, _("authtokenctl: verify: standard output: %s\n"),
                strerror(errno ? errno : EIO));
        return EXIT_ONE_REFUSED;
}

/* Tells every verdict before it waits for the next token: a peer may be waiting for it. */
static int verify_all(const VerifyCommand *command, const Keyring *keyring, TokenReader *reader) {
        int status = EXIT_ALL_OK, r;

        do {
                _cleanup_(secret_freep) Secret *token = NULL;
                Reason reason = REASON_TOKEN_MALFORMED;

                r = token_reader_next(reader, &token);
                if (r == TOKEN_READER_E_END)
                        break;
                if (r < 0) {
                        fprintf(stderr, _("authtokenctl: verify: standard input: %s\n"),
                                strerror(-r));
                        return EXIT_UNUSABLE;
                }
                if (r == 0)
                        reason = verify_one(command, keyring, token);
                if (reason != REASON_OK)
                        status = EXIT_ONE_REFUSED;
                puts(reason_code(reason));
                if (token_reader_is_drained(reader))
                        fflush(stdout);
        } while (reader->is_batch);
        return finish_verdicts(status);
}

static int verify_run(VerifyCommand *command) {
        static TokenReader reader;
        _cleanup_(keyring_unrefp) Keyring *keyring = NULL;
        KeyFault fault;
        int status;

        if (keyring_new(&keyring)) {
                fputs(_("authtokenctl: verify: out of memory\n"), stderr);
                return EXIT_UNUSABLE;
        }
        if (load_keys(command, keyring, &fault)) {
                fprintf(stderr, _("authtokenctl: verify: %s\n"), fault.text);
                return EXIT_UNUSABLE;
        }
        reader = (TokenReader){
                .fd = STDIN_FILENO,
                .is_batch = command->batch,
                .is_base64 = command->base64,
                .max_size = command->rules.max_size,
                .prompt = _("Token: "),
        };
        status = verify_all(command, keyring, &reader);
        token_reader_wipe(&reader);
        return status;
}

int verify_main(int argc, char **argv) {
        VerifyCommand command = {
                .rules = { .max_size = VERIFY_MAX_SIZE_DEFAULT,
                        .max_lifetime_sec = VERIFY_MAX_LIFETIME_DEFAULT_SEC,
                        .leeway_sec = VERIFY_LEEWAY_DEFAULT_SEC,
                        .foreign = true },
                .request = { .now_sec = (uint64_t)time(NULL) },
        };
        int r;

        r = parse_command(argc, argv, &command);
        if (r)
                return r;
        if (command.help) {
                fputs(_(usage), stdout);
                return finish_verdicts(EXIT_ALL_OK);
        }
        return verify_run(&command);
}
