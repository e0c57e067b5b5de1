/* SPDX-License-Identifier: MIT */

/* Who holds the token on standard input? cc whoami.c $(pkg-config --cflags --libs libauthtoken) */

#include <authtoken/authtoken.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
        AuthtokenConnection *connection = NULL;
        AuthtokenAnswer *answer = NULL;
        char token[AUTHTOKEN_TOKEN_MAX + 2] = "";
        int r;

        if (!fgets(token, sizeof(token), stdin))
                return 2;
        token[strcspn(token, "\n")] = '\0';
        r = authtoken_connection_new(argc > 1 ? argv[1] : NULL, &connection);
        if (r == 0)
                r = authtoken_validate(connection, token, NULL, 2000000, &answer);
        if (r == 0)
                printf("%s%s\n", authtoken_answer_text(answer, "sub"),
                        authtoken_answer_has(answer, "roles", "admin") ? ", an admin" : "");
        else
                fprintf(stderr, "refused: %s\n",
                        r < 0 ? strerror(-r) : authtoken_answer_reason(answer));
        explicit_bzero(token, sizeof(token));
        authtoken_answer_free(answer);
        authtoken_connection_free(connection);
        return r == 0 ? 0 : 1;
}
