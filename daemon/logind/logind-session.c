/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>
#include <systemd/sd-login.h>

#include "daemon/logind/logind.h"
#include "daemon/logind/session-file.h"

#define SESSION_FILES "/run/systemd/sessions"

static bool is_nowhere(int r) {
        return r == -ENODATA || r == -ENXIO;
}

int logind_session_of(pid_t pid, char **ret_session_id, uid_t *ret_owner) {
        _cleanup_(freep) char *session_id = NULL;
        uid_t owner = (uid_t)-1;
        int r;

        /* libsystemd takes 0 for the caller itself. */
        if (pid <= 0)
                return -ESRCH;
        r = sd_pid_get_session(pid, &session_id);
        if (r < 0 && !is_nowhere(r))
                return r;
        r = sd_pid_get_owner_uid(pid, &owner);
        if (r < 0 && !is_nowhere(r))
                return r;
        *ret_session_id = TAKE_PTR(session_id);
        *ret_owner = owner;
        return 0;
}

bool logind_session_exists(const char *session_id) {
        return session_file_exists(SESSION_FILES, session_id);
}

int logind_session_read(const char *session_id, LogindSession *ret_session) {
        return session_file_read(SESSION_FILES, session_id, ret_session);
}

int logind_session_remote_host(const char *session_id, char **ret_host) {
        char *host = NULL;
        int r;

        r = sd_session_get_remote_host(session_id, &host);
        if (r < 0)
                return r;
        *ret_host = host;
        return 0;
}

bool logind_session_is_graphical(const char *session_id) {
        _cleanup_(freep) char *type = NULL;

        if (sd_session_get_type(session_id, &type) < 0)
                return false;
        return !strcmp(type, "x11") || !strcmp(type, "wayland") || !strcmp(type, "mir");
}
