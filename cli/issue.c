/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/bus-client.h"
#include "cli/table.h"
#include "cli/token-pair.h"
#include "common/time-span.h"
#include "common/translation.h"

#define LIST_MAX     64u
#define USEC_PER_SEC UINT64_C(1000000)

/* Text is borrowed from the arguments. */
typedef struct Issue {
        const char *user;
        const char *audience[LIST_MAX], *roles[LIST_MAX];
        size_t n_audience, n_roles;
        const char *platform, *device, *source, *name, *data;
        const char *client_address, *user_agent;
        uint64_t lifetime_sec;
        const char *output;
        bool json, pair, help;
} Issue;

typedef enum Option {
        OPTION_AUDIENCE = 256,
        OPTION_ROLE,
        OPTION_PLATFORM,
        OPTION_DEVICE,
        OPTION_SOURCE,
        OPTION_NAME,
        OPTION_CLIENT_ADDRESS,
        OPTION_USER_AGENT,
        OPTION_DATA,
        OPTION_LIFETIME,
        OPTION_OUTPUT,
        OPTION_JSON,
        OPTION_PAIR,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "audience", required_argument, NULL, OPTION_AUDIENCE },
        { "role", required_argument, NULL, OPTION_ROLE },
        { "platform", required_argument, NULL, OPTION_PLATFORM },
        { "device", required_argument, NULL, OPTION_DEVICE },
        { "source", required_argument, NULL, OPTION_SOURCE },
        { "name", required_argument, NULL, OPTION_NAME },
        { "client-address", required_argument, NULL, OPTION_CLIENT_ADDRESS },
        { "user-agent", required_argument, NULL, OPTION_USER_AGENT },
        { "data", required_argument, NULL, OPTION_DATA },
        { "lifetime", required_argument, NULL, OPTION_LIFETIME },
        { "output", required_argument, NULL, OPTION_OUTPUT },
        { "json", no_argument, NULL, OPTION_JSON },
        { "pair", no_argument, NULL, OPTION_PAIR },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] = N_(
        "Usage: authtokenctl issue [OPTION]... USER\n\n"
        "Begin a session of USER and print its access token, alone on one line.\n\n"
        "  --audience AUDIENCE  whom the token is for; may be repeated\n"
        "  --role ROLE          a role of the user; may be repeated\n"
        "  --platform TEXT      kind of client, for example ssh or desktop\n"
        "  --device TEXT        which client\n"
        "  --source TEXT        where the order comes from\n"
        "  --name TEXT          the user's name for people\n"
        "  --client-address IP  whose the token will be; shown by list\n"
        "  --user-agent TEXT    with which program, likewise\n"
        "  --data JSON          claims of your own, a JSON object\n"
        "  --lifetime SPAN      for example 5min or 1h; at most MaxLifetime=\n"
        "  --output FILE        write the token to a new file that only you can read\n"
        "  --pair               with a refresh token, as one JSON object: see authtokenctl refresh "
        "--help\n"
        "  --json               token, session, jti, kid and end as JSON\n"
        "  -h, --help           this text\n");

static const Column columns[] = {
        { N_("TOKEN"), "token", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("SESSION"), "session", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("JTI"), "jti", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("KID"), "kid", NULL, COLUMN_TEXT, COLUMN_BOTH },
        { N_("EXPIRES"), "expires", NULL, COLUMN_TIME, COLUMN_BOTH },
};

static ExitStatus add_item(const char *option, const char **list, size_t *n_items) {
        if (*n_items >= LIST_MAX)
                return complain_usage("issue", "more than %u times %s", LIST_MAX, option);
        return take_text("issue", option, optarg, &list[(*n_items)++]);
}

static ExitStatus set_lifetime(Issue *issue) {
        uint64_t usec;

        if (issue->lifetime_sec)
                return complain_usage("issue", "--lifetime is given twice");
        if (time_span_parse(optarg, &usec) || usec < USEC_PER_SEC)
                return complain_usage("issue", "--lifetime is a time span of at least a second, "
                                               "such as 15min or 1h 30min");
        issue->lifetime_sec = usec / USEC_PER_SEC;
        return STATUS_OK;
}

static ExitStatus set_option(Issue *issue, Option option) {
        switch (option) {
        case OPTION_AUDIENCE:
                return add_item("--audience", issue->audience, &issue->n_audience);
        case OPTION_ROLE:
                return add_item("--role", issue->roles, &issue->n_roles);
        case OPTION_PLATFORM:
                return take_text("issue", "--platform", optarg, &issue->platform);
        case OPTION_DEVICE:
                return take_text("issue", "--device", optarg, &issue->device);
        case OPTION_SOURCE:
                return take_text("issue", "--source", optarg, &issue->source);
        case OPTION_NAME:
                return take_text("issue", "--name", optarg, &issue->name);
        case OPTION_CLIENT_ADDRESS:
                return take_text("issue", "--client-address", optarg, &issue->client_address);
        case OPTION_USER_AGENT:
                return take_text("issue", "--user-agent", optarg, &issue->user_agent);
        case OPTION_DATA:
                return take_text("issue", "--data", optarg, &issue->data);
        case OPTION_LIFETIME:
                return set_lifetime(issue);
        case OPTION_OUTPUT:
                return take_argument("issue", "--output", optarg, &issue->output);
        case OPTION_JSON:
                issue->json = true;
                return STATUS_OK;
        case OPTION_PAIR:
                issue->pair = true;
                return STATUS_OK;
        case OPTION_HELP:
                issue->help = true;
                return STATUS_OK;
        case OPTION_UNKNOWN:
                break;
        }
        return point_to_help("issue");
}

static ExitStatus parse(Issue *issue, int argc, char **argv) {
        ExitStatus status;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                status = set_option(issue, (Option)option);
                if (status != STATUS_OK || issue->help)
                        return status;
        }
        if (argc - optind != 1 || !argv[optind])
                return complain_usage("issue", "exactly one user is needed");
        if (issue->pair && issue->json)
                return complain_usage("issue", "--pair is JSON: not with --json");
        return take_text("issue", "USER", argv[optind], &issue->user);
}

static int append_texts(
        sd_bus_message *call, const char *key, const char *const *items, size_t n_items) {
        int r;

        if (n_items == 0)
                return 0;
        r = sd_bus_message_open_container(call, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(call, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "s");
        for (size_t i = 0; i < n_items && r >= 0; i++)
                r = sd_bus_message_append(call, "s", items[i]);
        for (int depth = 0; depth < 3 && r >= 0; depth++)
                r = sd_bus_message_close_container(call);
        return r;
}

static int append_options(sd_bus_message *call, const Issue *issue) {
        const struct {
                const char *key, *value;
        } texts[] = {
                { "platform", issue->platform },
                { "device", issue->device },
                { "source", issue->source },
                { "name", issue->name },
                { "data", issue->data },
                { "client_address", issue->client_address },
                { "user_agent", issue->user_agent },
        };
        int r;

        r = sd_bus_message_append(call, "s", issue->user);
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0)
                r = append_texts(call, "audience", issue->audience, issue->n_audience);
        if (r >= 0)
                r = append_texts(call, "roles", issue->roles, issue->n_roles);
        for (size_t i = 0; i < ARRAY_SIZE(texts) && r >= 0; i++)
                if (texts[i].value)
                        r = sd_bus_message_append(call, "{sv}", texts[i].key, "s", texts[i].value);
        if (r >= 0 && issue->lifetime_sec)
                r = sd_bus_message_append(call, "{sv}", "lifetime", "t", issue->lifetime_sec);
        /* Without this the session would have a refresh token that nobody holds, and be kept
         * until that token ends. */
        if (r >= 0 && !issue->pair)
                r = sd_bus_message_append(call, "{sv}", "no_refresh", "b", 1);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

/* The path of the file that has no token yet, for a signal that ends us. */
static const char *volatile unfinished;

static void on_end(int number) {
        const char *path = unfinished;

        if (path)
                (void)unlink(path);
        (void)raise(number); /* raised again, now with the default action */
}

/* A user who gives up, for example at the question for a password, may repeat the command, so remove the file.
 * Signals are blocked until @unfinished names it, so that only our own file is removed. */
static int make_output(const char *path) {
        static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
        const struct sigaction action = { .sa_handler = on_end, .sa_flags = (int)SA_RESETHAND };
        struct sigaction now;
        sigset_t ends, before;
        int fd;

        sigemptyset(&ends);
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                sigaddset(&ends, numbers[i]);
                if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
                        (void)sigaction(numbers[i], &action, NULL);
        }
        (void)sigprocmask(SIG_BLOCK, &ends, &before);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
                unfinished = path;
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        return fd;
}

/* If somebody else had made the file, they could read it, or it could lead elsewhere. */
static ExitStatus open_output(const char *path, FILE **ret_file) {
        int fd = make_output(path);

        if (fd >= 0)
                *ret_file = fdopen(fd, "w");
        if (fd >= 0 && *ret_file)
                return STATUS_OK;
        complain("cannot make %s: %s", path, strerror(errno));
        if (fd < 0 && errno == EEXIST)
                complain("The token goes to a new file only: remove that one, or name another");
        if (fd >= 0)
                close(fd);
        return STATUS_FAILED;
}

static ExitStatus write_output(const Issue *issue, FILE *file, const char *text) {
        bool written =
                fprintf(file, "%s\n", text) > 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
        int error = errno;

        if (fclose(file) == 0 && written) {
                unfinished = NULL;
                return STATUS_OK;
        }
        complain("cannot write to %s: %s", issue->output, strerror(error ? error : EIO));
        return STATUS_FAILED;
}

/* A token that went to a file is not printed as well. */
static ExitStatus print_json(const Issue *issue, const Dictionary *answer) {
        _cleanup_(table_freep) Table *table = NULL;
        size_t n_hidden = issue->output ? 1 : 0;
        int r;

        r = table_new(
                "issue", columns + n_hidden, ARRAY_SIZE(columns) - n_hidden, TABLE_JSON, &table);
        if (r >= 0)
                r = table_add(table, answer, NULL);
        return r < 0 ? bus_client_broken("show the token", r) : table_print(table);
}

/* What is delivered is under "output". */
static int read_pair(sd_bus_message *reply, Dictionary **ret_answer) {
        _cleanup_(token_pair_clear) TokenPair pair = { 0 };
        _cleanup_(secret_freep) Secret *text = NULL;
        int r;

        r = token_pair_read(reply, &pair);
        if (pair.session && dictionary_new(ret_answer) >= 0)
                (void)dictionary_set(*ret_answer, "session", pair.session);
        if (r >= 0)
                r = *ret_answer ? token_pair_format(&pair, &text) : -ENOMEM;
        if (r < 0)
                return r;
        text->data[strcspn(text->data, "\n")] = '\0';
        return dictionary_set(*ret_answer, "output", text->data);
}

static int read_token(sd_bus_message *reply, Dictionary **ret_answer) {
        const char *access, *refresh;
        int r;

        r = sd_bus_message_read(reply, "ss", &access, &refresh);
        if (r >= 0)
                r = dictionary_read(reply, ret_answer);
        if (r >= 0)
                r = dictionary_set(*ret_answer, "token", access);
        return r < 0 ? r : dictionary_set(*ret_answer, "output", access);
}

static ExitStatus read_answer(const Issue *issue, sd_bus_message *reply, Dictionary **ret_answer) {
        int r;

        r = issue->pair ? read_pair(reply, ret_answer) : read_token(reply, ret_answer);
        if (r == -ENOKEY) {
                complain("the daemon has no key for refresh tokens, so there is no pair");
                return STATUS_FAILED;
        }
        return r < 0 ? bus_client_broken("read the answer", r) : STATUS_OK;
}

static ExitStatus order(sd_bus *bus, const Issue *issue, Dictionary **ret_answer) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        ExitStatus status;
        int r;

        status = bus_client_prepare(bus, "IssueToken", &call);
        if (status != STATUS_OK)
                return status;
        r = append_options(call, issue);
        if (r < 0)
                return bus_client_broken("compose the call", r);
        status = bus_client_call(call, "issue a token", CALL_SHORT, &reply);
        if (status != STATUS_OK)
                return status;
        return read_answer(issue, reply, ret_answer);
}

/* Otherwise a session whose token nobody holds would live, and count, until its end. */
static void take_back(sd_bus *bus, const Dictionary *answer) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        const char *session = dictionary_text(answer, "session");
        ExitStatus status = STATUS_FAILED;
        int r = -EBADMSG;

        if (session)
                status = bus_client_prepare(bus, "RevokeSession", &call);
        if (status == STATUS_OK)
                r = sd_bus_message_append(call, "ss", session, "its token could not be delivered");
        if (r >= 0)
                status = bus_client_call(call, "revoke the session", CALL_SHORT, &reply);
        if (r >= 0 && status == STATUS_OK)
                complain("The token was not delivered, so its session was revoked");
        else
                complain("The token was not delivered, but its session %s is live",
                        STRING_OR_EMPTY(session));
}

static ExitStatus deliver(const Issue *issue, FILE *file, const Dictionary *answer) {
        const char *output = dictionary_text(answer, "output");
        ExitStatus status = STATUS_OK;

        if (!output) {
                if (file)
                        fclose(file);
                return bus_client_broken("read the answer", -EBADMSG);
        }
        if (file)
                status = write_output(issue, file, output);
        else if (!issue->json)
                puts(output);
        if (status == STATUS_OK && issue->json)
                status = print_json(issue, answer);
        return status == STATUS_OK ? finish_output() : status;
}

/* Owns the file. */
static ExitStatus begin(const CommandLine *line, const Issue *issue, FILE *file) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(dictionary_freep) Dictionary *answer = NULL;
        ExitStatus status;

        status = bus_client_open(line, &bus);
        if (status == STATUS_OK)
                status = order(bus, issue, &answer);
        if (status != STATUS_OK) {
                if (file)
                        fclose(file);
                if (answer)
                        take_back(bus, answer);
                return status;
        }
        (void)warn_of_unknown_user(issue->user);
        /* A pipe that nobody reads must not end us before the session. */
        (void)signal(SIGPIPE, SIG_IGN);
        status = deliver(issue, file, answer);
        if (status != STATUS_OK)
                take_back(bus, answer);
        return status;
}

ExitStatus issue_main(const CommandLine *line, int argc, char **argv) {
        Issue issue = { 0 };
        FILE *file = NULL;
        ExitStatus status;

        status = parse(&issue, argc, argv);
        if (status != STATUS_OK)
                return status;
        if (!issue.user)
                return show_help(help);
        if (issue.output) {
                status = open_output(issue.output, &file);
                if (status != STATUS_OK)
                        return status;
        }
        status = begin(line, &issue, file);
        /* By now somebody may have put a symbolic link there, but the path was our file's, and unlink()
         * does not follow links. */
        if (status != STATUS_OK && issue.output)
                (void)unlink(issue.output);
        return status;
}
