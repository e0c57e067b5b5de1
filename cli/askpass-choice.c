/* SPDX-License-Identifier: MIT */

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/askpass-choice.h"
#include "cli/askpass-file.h"
#include "cli/askpass-map.h"
#include "cli/command.h"
#include "daemon/token/claims.h"

#define FILES_MAX 64

static int format_path(char path[PATH_MAX], const char *directory, const char *rest) {
        int n = snprintf(path, PATH_MAX, "%s/%s", directory, rest);

        return n > 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int format_runtime_path(char path[PATH_MAX], const char *name) {
        const char *directory = getenv("XDG_RUNTIME_DIR");
        char own[64], below[PATH_MAX];

        if (!directory || *directory != '/') {
                snprintf(own, sizeof(own), "/run/user/%ju", (uintmax_t)geteuid());
                directory = own;
        }
        if (format_path(below, directory, "authtoken") < 0)
                return -ENAMETOOLONG;
        return format_path(path, below, name);
}

static int format_map_path(char path[PATH_MAX]) {
        const char *directory = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

        if (directory && *directory == '/')
                return format_path(path, directory, "authtoken/askpass");
        return home && *home == '/' ? format_path(path, home, ".config/authtoken/askpass")
                                    : -ENOENT;
}

/* An expired token counts as none: the user may want to type a password instead. */
static bool is_good(const AskpassToken *token, const char *path) {
        if (token->claims->expires_at_sec > (uint64_t)time(NULL))
                return true;
        complain("the token in %s has expired: see authtokenctl ensure-fresh --help", path);
        return false;
}

static bool is_users(const AskpassToken *token, const AskpassPrompt *prompt) {
        return strcmp(token->claims->subject, prompt->user) == 0;
}

static bool is_for(const AskpassToken *token, const AskpassPrompt *prompt) {
        char name[HOST_NAME_MAX + 1] = "", host[ASKPASS_HOST_MAX + 1];

        if (prompt->kind != ASKPASS_SUDO)
                return askpass_token_is_for(token, prompt->host);
        return gethostname(name, sizeof(name) - 1) == 0 &&
               askpass_host_read(name, strlen(name), host) && askpass_token_is_for(token, host);
}

/* A file with a token for another user or host is no mistake. */
static bool try_file(const char *path, const AskpassPrompt *prompt, AskpassToken *ret_token) {
        if (askpass_token_read(path, ret_token) == 0 && is_users(ret_token, prompt) &&
                is_for(ret_token, prompt) && is_good(ret_token, path))
                return true;
        askpass_token_clear(ret_token);
        return false;
}

static int is_not_hidden(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

static bool try_directory(const AskpassPrompt *prompt, AskpassToken *ret_token) {
        char directory[PATH_MAX], path[PATH_MAX];
        struct dirent **list = NULL;
        bool found = false;
        int n = -1;

        if (format_runtime_path(directory, "") == 0)
                n = scandir(directory, &list, is_not_hidden, alphasort);
        for (int i = 0; i < n; i++) {
                if (!found && i < FILES_MAX && format_runtime_path(path, list[i]->d_name) == 0)
                        found = try_file(path, prompt, ret_token);
                free(list[i]);
        }
        free(list);
        return found;
}

/* The user's map for this host takes precedence over the audience. */
static bool try_mapped(
        const AskpassMapEntry *entry, const AskpassPrompt *prompt, AskpassToken *ret_token) {
        char path[PATH_MAX];

        if (*entry->path == '/')
                snprintf(path, sizeof(path), "%s", entry->path);
        else if (format_runtime_path(path, entry->path) < 0)
                return false;
        switch (askpass_token_read(path, ret_token)) {
        case 0:
                break;
        case ASKPASS_TOKEN_E_NONE:
                complain("there is no token in %s", path);
                return false;
        default:
                return false;
        }
        return (entry->has_user || is_users(ret_token, prompt)) && is_good(ret_token, path);
}

/* 0 found; ASKPASS_MAP_E_NONE; negative: complained, and the caller must not guess instead. */
static int read_map(const AskpassPrompt *prompt, AskpassMapEntry *ret_entry) {
        _cleanup_(secret_freep) Secret *text = NULL;
        char path[PATH_MAX];
        unsigned int line;
        int r;

        if (format_map_path(path) < 0)
                return ASKPASS_MAP_E_NONE;
        r = askpass_file_read(path, ASKPASS_FILE_TRUSTED, &text);
        if (r == -ENOENT || r == -ENOTDIR)
                return ASKPASS_MAP_E_NONE;
        if (r < 0) {
                complain("cannot use %s: %s", path, askpass_file_fault(r));
                return r;
        }
        r = askpass_map_find(text->data, prompt, ret_entry, &line);
        if (r != ASKPASS_MAP_E_SYNTAX)
                return r;
        complain("%s, line %u: a host and a file are needed", path, line);
        return -EBADMSG;
}

bool askpass_choose(const AskpassPrompt *prompt, AskpassToken *ret_token) {
        const char *file = getenv("AUTHTOKEN_FILE");
        AskpassMapEntry entry;

        switch (read_map(prompt, &entry)) {
        case 0:
                return try_mapped(&entry, prompt, ret_token);
        case ASKPASS_MAP_E_NONE:
                break;
        default:
                return false;
        }
        return file ? try_file(file, prompt, ret_token) : try_directory(prompt, ret_token);
}
