/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/bus-client.h"
#include "cli/monitoring.h"
#include "common/cleanup.h"
#include "common/translation.h"

#define MODE 0644 /* node_exporter runs as somebody else */

/* The text for a scraper when the daemon cannot be reached: a missing file would look like a missing
 * host. */
#define DOWN                                                \
        "# TYPE authtoken_up gauge\n"                       \
        "# HELP authtoken_up Whether the daemon answers.\n" \
        "authtoken_up 0\n"                                  \
        "# EOF\n"

typedef enum Option {
        OPTION_OUTPUT = 256,
        OPTION_HELP = 'h',
} Option;

static const struct option options[] = {
        { "output", required_argument, NULL, OPTION_OUTPUT },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        N_("Usage: authtokenctl metrics [--output FILE]\n\n"
           "Print the daemon's counters as OpenMetrics text, which names no user.\n\n"
           "  --output FILE  replace FILE at once, for a collector that reads it\n"
           "  -h, --help     this text\n");

static int write_all(int fd, const char *text) {
        size_t size = strlen(text);

        while (size > 0) {
                ssize_t n = write(fd, text, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                text += n;
                size -= (size_t)n;
        }
        return 0;
}

static int write_file(int fd, const char *text) {
        int r = write_all(fd, text);

        if (r >= 0 && fchmod(fd, MODE) < 0)
                r = -errno;
        if (close(fd) < 0 && r >= 0)
                r = -errno;
        return r;
}

/* Replace regular files only: rename() would otherwise put a file in place of a link, a pipe or
 * a device such as /dev/null. */
static bool may_replace(const char *path) {
        struct stat info;

        return lstat(path, &info) < 0 || S_ISREG(info.st_mode);
}

/* A reader sees the old file or the new one, never half of one. */
static ExitStatus replace_file(const char *path, const char *text) {
        _cleanup_(freep) char *draft = NULL;
        int fd, r;

        if (!may_replace(path)) {
                complain("cannot write %s: it is no regular file", path);
                return STATUS_FAILED;
        }
        if (asprintf(&draft, "%s.XXXXXX", path) < 0) {
                draft = NULL;
                return bus_client_broken("write the metrics", -ENOMEM);
        }
        fd = mkostemp(draft, O_CLOEXEC);
        r = fd < 0 ? -errno : write_file(fd, text);
        if (r >= 0 && rename(draft, path) < 0)
                r = -errno;
        if (r >= 0)
                return STATUS_OK;
        if (fd >= 0)
                (void)unlink(draft);
        complain("cannot write %s: %s", path, strerror(-r));
        return STATUS_FAILED;
}

static ExitStatus print(const char *path, const char *text) {
        if (path)
                return replace_file(path, text);
        fputs(text, stdout);
        return finish_output();
}

static ExitStatus ask(const CommandLine *line, const char *path) {
        const BusCall question = { "GetMetrics", N_("ask for the metrics"), CALL_SHORT };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ExitStatus status;
        const char *text;
        int r;

        status = bus_client_ask(line, &question, &reply, NULL);
        if (status != STATUS_OK)
                return status;
        r = sd_bus_message_read(reply, "s", &text);
        return r < 0 ? bus_client_broken("read the answer", r) : print(path, text);
}

ExitStatus metrics_main(const CommandLine *line, int argc, char **argv) {
        const char *path = NULL;
        ExitStatus status;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                if (option == OPTION_HELP)
                        return show_help(help);
                if (option != OPTION_OUTPUT)
                        return point_to_help("metrics");
                status = take_argument("metrics", "--output", optarg, &path);
                if (status != STATUS_OK)
                        return status;
        }
        if (argc > optind)
                return complain_usage("metrics", "no arguments are taken");
        status = ask(line, path);
        if (status == STATUS_UNREACHABLE)
                (void)print(path, DOWN);
        return status;
}
