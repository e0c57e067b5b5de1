/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <string.h>

#include "cli/askpass-prompt.h"
#include "common/cleanup.h"
#include "common/translation.h"

/* The module's prompts, to the last character: see pam/prompt.c. The module speaks the language of its program:
 * for sudo the user's; sshd has none. */
static const char *const whole_prompts[] = {
        "Password or access token: ",
        "Access token: ",
};

/* Moves behind @word if @text begins with it. */
static bool skip(const char **text, const char *word) {
        size_t size = strlen(word);

        if (strncmp(*text, word, size) != 0)
                return false;
        *text += size;
        return true;
}

/* One or two digits, as the module writes them: no zero in front. */
static bool take_number(const char **text, unsigned int *ret_number) {
        unsigned int number = 0;

        if (**text < '1' || **text > '9')
                return false;
        for (int i = 0; i < 2 && **text >= '0' && **text <= '9'; i++)
                number = number * 10 + (unsigned int)(*(*text)++ - '0');
        *ret_number = number;
        return number <= ASKPASS_PARTS_MAX;
}

static bool read_part(const char *text, AskpassPrompt *prompt) {
        unsigned int part, n_parts;

        if (!skip(&text, "Part ") || !take_number(&text, &part) || !skip(&text, " of ") ||
                !take_number(&text, &n_parts) || strcmp(text, " of the access token: ") != 0)
                return false;
        /* The first one is never asked for. */
        if (part < 2 || part > n_parts)
                return false;
        prompt->part = part;
        prompt->n_parts = n_parts;
        return true;
}

static bool read_question(const char *text, AskpassPrompt *prompt) {
        for (size_t i = 0; i < ARRAY_SIZE(whole_prompts); i++)
                if (strcmp(text, whole_prompts[i]) == 0 || strcmp(text, _(whole_prompts[i])) == 0)
                        return true;
        return read_part(text, prompt);
}

/* user@host: the name of a user of a joined domain may contain an @, that of a host never does. */
static bool read_target(const char *text, size_t size, AskpassPrompt *prompt) {
        const char *at = memrchr(text, '@', size);
        size_t user_size;

        if (!at)
                return false;
        user_size = (size_t)(at - text);
        if (!text_is_user_name(text, user_size) ||
                !askpass_host_read(at + 1, size - user_size - 1, prompt->host))
                return false;
        memcpy(prompt->user, text, user_size);
        prompt->user[user_size] = '\0';
        return true;
}

static bool read_ssh(const char *text, AskpassPrompt *prompt) {
        const char *end = strchr(text, ')');

        if (*text != '(' || !end || end[1] != ' ' || !read_question(end + 2, prompt))
                return false;
        return read_target(text + 1, (size_t)(end - text) - 1, prompt);
}

static bool read_ssh_password(const char *text, AskpassPrompt *prompt) {
        const char *end = strchr(text, '\'');

        return end && strcmp(end, "'s password: ") == 0 &&
               read_target(text, (size_t)(end - text), prompt);
}

static bool read_sudo(const char *text, AskpassPrompt *prompt) {
        const char *end;
        size_t size;

        if (read_question(text, prompt))
                return true;
        if (!skip(&text, "[sudo] password for "))
                return false;
        end = strchr(text, ':');
        if (!end || strcmp(end, ": ") != 0)
                return false;
        size = (size_t)(end - text);
        if (!text_is_user_name(text, size))
                return false;
        memcpy(prompt->user, text, size);
        prompt->user[size] = '\0';
        return true;
}

void askpass_prompt_read(const char *text, AskpassPrompt *ret_prompt) {
        static const struct {
                AskpassKind kind;
                bool (*read)(const char *text, AskpassPrompt *prompt);
        } readers[] = {
                { ASKPASS_SSH, read_ssh },
                { ASKPASS_SSH_PASSWORD, read_ssh_password },
                { ASKPASS_SUDO, read_sudo },
        };

        for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
                *ret_prompt = (AskpassPrompt){ .kind = readers[i].kind };
                if (readers[i].read(text, ret_prompt))
                        return;
        }
        *ret_prompt = (AskpassPrompt){ .kind = ASKPASS_FOREIGN };
}
