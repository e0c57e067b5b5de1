/* SPDX-License-Identifier: MIT */

/* library-probe SOCKET TIMEOUT_USEC: for each line "AUDIENCE TOKEN" ("-" for none) one line of what came. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(int argc, char **argv) {
        AuthtokenConnection *connection = NULL;
        static char line[2 * AUTHTOKEN_TOKEN_MAX];

        if (argc != 3 || authtoken_connection_new(argv[1], &connection))
                return 2;
        while (fgets(line, sizeof(line), stdin)) {
                AuthtokenAnswer *answer = NULL;
                char *token = strchr(line, ' ');
                int r;

                if (!token)
                        return 2;
                *token++ = '\0';
                token[strcspn(token, "\n")] = '\0';
                r = authtoken_validate(connection, token, !strcmp(line, "-") ? NULL : line,
                        strtoull(argv[2], NULL, 10), &answer);
                tell(r, answer);
                fflush(stdout);
                authtoken_answer_free(answer);
        }
        authtoken_connection_free(connection);
        return 0;
}
