/* SPDX-License-Identifier: MIT */

/*
 * Usage: run-scenarios MODULE PROBE FILE … : runs every scenario of the files in a process of its own,
 * compares the whole transcript, and reports in the Test Anything Protocol.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/pam/application.h"
#include "tests/pam/fatal.h"
#include "tests/pam/scenario.h"
#include "tests/pam/transcript.h"

#define SECONDS_MAX 30

static char *file_read(const char *path) {
        FILE *file = fopen(path, "r");
        char *text = calloc(1, 1 << 20);

        if (!file || !text)
                fatal(path);
        if (fread(text, 1, (1 << 20) - 1, file) == 0 || !feof(file))
                fatal(path);
        fclose(file);
        return text;
}

static void show(const char *what, const char *text) {
        printf("# %s\n", what);
        while (*text) {
                size_t size = strcspn(text, "\n");

                printf("#     %.*s\n", (int)size, text);
                text += size + (text[size] == '\n');
        }
}

static void scenario_run(const Scenario *scenario, const char *module, const char *probe) {
        const char *got;

        alarm(SECONDS_MAX);
        transcript_open();
        application_run(scenario, module, probe);
        got = transcript_read();
        if (strcmp(got, scenario->expected) == 0)
                exit(EXIT_SUCCESS);

        show("expected", scenario->expected);
        show("got", got);
        exit(EXIT_FAILURE);
}

static bool scenario_passes(const Scenario *scenario, const char *module, const char *probe) {
        int status;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid < 0)
                fatal("fork");
        if (pid == 0)
                scenario_run(scenario, module, probe);
        if (waitpid(pid, &status, 0) < 0)
                fatal("waitpid");
        if (WIFSIGNALED(status))
                printf("# ended by signal %d\n", WTERMSIG(status));

        return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        size_t count = 0, failed = 0;

        for (int i = 3; i < argc; i++) {
                char *text = file_read(argv[i]), *cursor = text;
                Scenario scenario;

                while (scenario_parse(&cursor, &scenario)) {
                        bool skipped = scenario.needs_root && geteuid() != 0;
                        bool passed = skipped || scenario_passes(&scenario, argv[1], argv[2]);

                        count++;
                        failed += !passed;
                        printf("%s %zu %s%s\n", passed ? "ok" : "not ok", count, scenario.name,
                                skipped ? " # SKIP only root can prepare it" : "");
                }
                free(text);
        }

        printf("1..%zu\n", count);
        return failed > 0 || count == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
