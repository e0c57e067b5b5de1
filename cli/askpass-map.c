/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "cli/askpass-map.h"

#define SUDO "sudo"

/* A piece of the text. */
typedef struct Piece {
        const char *data;
        size_t size;
} Piece;

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
}

static Piece trim(Piece piece) {
        while (piece.size > 0 && is_blank(piece.data[0])) {
                piece.data++;
                piece.size--;
        }
        while (piece.size > 0 && is_blank(piece.data[piece.size - 1]))
                piece.size--;
        return piece;
}

static Piece take_word(Piece *line) {
        Piece word = { line->data, 0 };

        while (word.size < line->size && !is_blank(line->data[word.size]))
                word.size++;
        *line = trim((Piece){ line->data + word.size, line->size - word.size });
        return word;
}

/* Whether the line is for this user; an empty name is for any. */
static bool user_fits(Piece user, const AskpassPrompt *prompt) {
        return user.size == 0 || (strlen(prompt->user) == user.size &&
                                         memcmp(prompt->user, user.data, user.size) == 0);
}

static bool host_fits(const char *pattern, const AskpassPrompt *prompt) {
        bool is_sudo = strcmp(pattern, SUDO) == 0;

        if (prompt->kind == ASKPASS_SUDO || is_sudo)
                return is_sudo && prompt->kind == ASKPASS_SUDO;
        return askpass_host_fits(prompt->host, pattern);
}

/* Copies the host's pattern out of the target, without the user. */
static bool read_target(Piece target, Piece *ret_user, char pattern[ASKPASS_HOST_MAX + 3]) {
        const char *at = memrchr(target.data, '@', target.size);
        char host[ASKPASS_HOST_MAX + 1];
        size_t begin = 0, wildcard;

        *ret_user = (Piece){ target.data, 0 };
        if (at) {
                begin = (size_t)(at - target.data) + 1;
                *ret_user = (Piece){ target.data, begin - 1 };
                if (!text_is_user_name(target.data, begin - 1))
                        return false;
        }
        if (target.size - begin > ASKPASS_HOST_MAX + 2)
                return false;
        memcpy(pattern, target.data + begin, target.size - begin);
        pattern[target.size - begin] = '\0';
        wildcard = strncmp(pattern, "*.", 2) == 0 ? 2 : 0;
        return askpass_host_read(pattern + wildcard, strlen(pattern + wildcard), host);
}

/* 0 fits; ASKPASS_MAP_E_*. */
static int read_line(Piece line, const AskpassPrompt *prompt, AskpassMapEntry *ret_entry) {
        char pattern[ASKPASS_HOST_MAX + 3];
        Piece target, user;

        line = trim(line);
        if (line.size == 0 || line.data[0] == '#')
                return ASKPASS_MAP_E_NONE;
        target = take_word(&line);
        if (line.size == 0 || line.size > ASKPASS_PATH_MAX || !read_target(target, &user, pattern))
                return ASKPASS_MAP_E_SYNTAX;
        if (!user_fits(user, prompt) || !host_fits(pattern, prompt))
                return ASKPASS_MAP_E_NONE;
        ret_entry->has_user = user.size > 0;
        memcpy(ret_entry->path, line.data, line.size);
        ret_entry->path[line.size] = '\0';
        return 0;
}

/* All lines are read, also those after the one that fits: whether a mistake is found must not
 * depend on the prompt. */
int askpass_map_find(const char *text, const AskpassPrompt *prompt, AskpassMapEntry *ret_entry,
        unsigned int *ret_line) {
        int found = ASKPASS_MAP_E_NONE;
        AskpassMapEntry first;

        for (unsigned int number = 1; *text != '\0'; number++) {
                size_t size = strcspn(text, "\n");
                AskpassMapEntry entry;
                int r = read_line((Piece){ text, size }, prompt, &entry);

                if (r == ASKPASS_MAP_E_SYNTAX) {
                        *ret_line = number;
                        return r;
                }
                if (r == 0 && found != 0) {
                        first = entry;
                        found = 0;
                }
                text += size + (text[size] == '\n');
        }
        if (found == 0)
                *ret_entry = first;
        return found;
}
