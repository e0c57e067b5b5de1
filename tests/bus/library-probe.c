/* SPDX-License-Identifier: MIT */

/* library-probe SOCKET TIMEOUT_USEC: for each line "AUDIENCE TOKEN" ("-" for none) one line of what came. With "&" in
 * front a child asks, with the connection that it has from here; what comes at once is its process id. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "authtoken/authtoken.h"

static void tell(int r, const AuthtokenAnswer *answer) {
        uint64_t end_sec = 0;

        if (r < 0) {
                printf("errno %s\n", strerror(-r));
                return;
        }
        if (authtoken_answer_number(answer, "exp", &end_sec) != (r ? -2 : 0))
                abort();
        printf("%d %s %s %s %d %d\n", r, authtoken_answer_reason(answer),
                r ? "-" : authtoken_answer_text(answer, "sub"),
                authtoken_answer_json(answer) ? "claims" : "-", end_sec > 0,
                authtoken_answer_has(answer, "roles", "admin"));
}

static void ask(AuthtokenConnection *connection, char *line, uint64_t timeout_usec) {
        AuthtokenAnswer *answer = NULL;
        char *token = strchr(line, ' ');
        int r;

        if (!token)
                exit(2);
        *token++ = '\0';
        token[strcspn(token, "\n")] = '\0';
        r = authtoken_validate(
                connection, token, !strcmp(line, "-") ? NULL : line, timeout_usec, &answer);
        tell(r, answer);
        fflush(stdout);
        authtoken_answer_free(answer);
}

static void ask_in_child(AuthtokenConnection *connection, char *line, uint64_t timeout_usec) {
        if (fork() != 0)
                return;
        /* Its own line before its answer: the parent might come too late. */
        printf("%" PRIdMAX "\n", (intmax_t)getpid());
        fflush(stdout);
        ask(connection, line, timeout_usec);
        authtoken_connection_free(connection);
        _exit(0);
}

int main(int argc, char **argv) {
        AuthtokenConnection *connection = NULL;
        static char line[2 * AUTHTOKEN_TOKEN_MAX];
        uint64_t timeout_usec;

        if (argc != 3 || authtoken_connection_new(argv[1], &connection))
                return 2;
        timeout_usec = strtoull(argv[2], NULL, 10);
        while (fgets(line, sizeof(line), stdin))
                if (*line == '&')
                        ask_in_child(connection, line + 1, timeout_usec);
                else
                        ask(connection, line, timeout_usec);
        authtoken_connection_free(connection);
        return 0;
}
