/* SPDX-License-Identifier: MIT */

/*
 * SSH_ASKPASS and SUDO_ASKPASS: answers the module's questions with the user's token, where the token is meant to
 * go, and hands every other question on.
 */

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/askpass-choice.h"
#include "cli/askpass-part.h"
#include "cli/command.h"
#include "common/core-dump.h"
#include "common/translation.h"

#define NEXT_DEFAULT "/usr/bin/ssh-askpass"
#define GUARD        "AUTHTOKEN_ASKPASS_PASSED"

/* The default askpass may be an alternative of the distribution that leads back to this program. */
static bool is_this_program(const char *path) {
        struct stat own, other;

        return stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 &&
               own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* The prompt is not shown here: it may be a server's. */
static ExitStatus pass_on(const char *prompt) {
        const char *next = getenv("AUTHTOKEN_ASKPASS_NEXT");

        if (!next)
                next = NEXT_DEFAULT;
        if (*next != '/' || access(next, X_OK) < 0 || is_this_program(next) || getenv(GUARD)) {
                complain("no token is meant for this question, and there is no other askpass");
                return STATUS_FAILED;
        }
        if (setenv(GUARD, "1", 1) == 0)
                execl(next, next, prompt, (char *)NULL);
        complain("cannot start %s: %s", next, strerror(errno));
        return STATUS_FAILED;
}

/* The beginning of a prompt can be trusted only if ssh or sudo asks: they are known to put a server's, or
 * anybody's, words after their own. */
static bool is_asked_by(const char *program) {
        char path[64], name[32] = "";
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%" PRIdMAX "/comm", (intmax_t)getppid());
        file = fopen(path, "re");
        if (!file)
                return false;
        if (!fgets(name, sizeof(name), file))
                name[0] = '\0';
        fclose(file);
        name[strcspn(name, "\n")] = '\0';
        return strcmp(name, program) == 0;
}

static bool is_trusted(const AskpassPrompt *prompt) {
        /* ssh says so when it wants a confirmation, or shows something. */
        const char *kind = getenv("SSH_ASKPASS_PROMPT");

        switch (prompt->kind) {
        case ASKPASS_FOREIGN:
                return false;
        case ASKPASS_SSH:
        case ASKPASS_SSH_PASSWORD:
                return !(kind && *kind) && is_asked_by("ssh");
        case ASKPASS_SUDO:
                return is_asked_by("sudo");
        }
        return false;
}

/* If the prompt names no user, sudo wants its caller's token. */
static bool fill_user(AskpassPrompt *prompt) {
        const struct passwd *entry;

        if (*prompt->user)
                return true;
        entry = getpwuid(getuid());
        if (!entry || strlen(entry->pw_name) > USER_NAME_MAX)
                return false;
        memcpy(prompt->user, entry->pw_name, strlen(entry->pw_name) + 1);
        return true;
}

static ExitStatus hand_out(const AskpassPrompt *prompt, const AskpassToken *token) {
        size_t size_max =
                prompt->kind == ASKPASS_SUDO ? ASKPASS_ANSWER_SUDO_MAX : ASKPASS_ANSWER_SSH_MAX;
        _cleanup_(secret_freep) Secret *answer = NULL;
        int r;

        if (prompt->kind == ASKPASS_SSH_PASSWORD && token->text->size > size_max) {
                complain("the token is too long for ssh's method \"password\": "
                         "use -o PreferredAuthentications=keyboard-interactive");
                return STATUS_FAILED;
        }
        r = askpass_part(
                token->text, size_max, (AskpassPart){ prompt->part, prompt->n_parts }, &answer);
        if (r == ASKPASS_PART_E_TOO_LONG)
                complain("the token is too long, in parts too: use a login code");
        else if (r == ASKPASS_PART_E_OTHER)
                complain("another token was begun with: the file has changed meanwhile");
        else if (r < 0)
                complain("cannot answer: %s", strerror(-r));
        if (r)
                return STATUS_FAILED;
        /* Not buffered: a copy would stay in memory. */
        if (write(STDOUT_FILENO, answer->data, answer->size) != (ssize_t)answer->size ||
                write(STDOUT_FILENO, "\n", 1) != 1)
                return STATUS_FAILED;
        return STATUS_OK;
}

int main(int argc, char **argv) {
        _cleanup_(askpass_token_clear) AskpassToken token = { 0 };
        AskpassPrompt prompt;

        core_dump_refuse();
        setlocale(LC_ALL, "");
        bindtextdomain(TRANSLATION_DOMAIN, LOCALE_DIRECTORY);
        if (argc != 2) {
                complain("exactly one prompt is needed: see authtoken-askpass(1)");
                return STATUS_USAGE;
        }
        askpass_prompt_read(argv[1], &prompt);
        if (!is_trusted(&prompt) || !fill_user(&prompt) || !askpass_choose(&prompt, &token))
                return pass_on(argv[1]);
        return hand_out(&prompt, &token);
}
