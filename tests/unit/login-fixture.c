/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/logind/logind.h"
#include "login-fixture.h"

#define SESSIONS_MAX 4u

static struct {
        const char *id;
        pid_t leader;
        uint64_t begin_usec;
} sessions[SESSIONS_MAX];

static char directory[32];

bool __wrap_logind_session_exists(const char *session_id);
int __wrap_logind_session_read(const char *session_id, LogindSession *ret_session);

int __wrap_logind_session_read(const char *session_id, LogindSession *ret_session) {
        for (size_t i = 0; i < SESSIONS_MAX; i++)
                if (sessions[i].id && sessions[i].leader && !strcmp(sessions[i].id, session_id)) {
                        *ret_session =
                                (LogindSession){ sessions[i].leader, sessions[i].begin_usec };
                        return 0;
                }
        return -ENOENT;
}

bool __wrap_logind_session_exists(const char *session_id) {
        LogindSession session;

        return __wrap_logind_session_read(session_id, &session) == 0;
}

void login_fixture_session(const char *session_id, pid_t leader) {
        login_fixture_session_since(session_id, leader, 0);
}

void login_fixture_session_since(const char *session_id, pid_t leader, uint64_t begin_usec) {
        size_t i = 0;

        while (sessions[i].id && strcmp(sessions[i].id, session_id))
                assert_true(++i < SESSIONS_MAX);
        sessions[i].id = session_id;
        sessions[i].leader = leader;
        sessions[i].begin_usec = begin_usec;
}

int login_fixture_setup(void **state) {
        static const char template[] = "/tmp/test-login-XXXXXX";

        (void)state;
        memset(sessions, 0, sizeof(sessions));
        memcpy(directory, template, sizeof(template));
        return mkdtemp(directory) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw) {
        (void)info;
        (void)type;
        (void)ftw;
        return remove(path);
}

int login_fixture_teardown(void **state) {
        (void)state;
        return nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *login_fixture_directory(void) {
        return directory;
}

LoginRegistry *login_fixture_open(void) {
        LoginRegistry *registry = NULL;

        assert_int_equal(login_registry_open(directory, &registry), 0);
        assert_non_null(registry);
        return registry;
}

static char *copy(const char *text) {
        char *result = strdup(text);

        assert_non_null(result);
        return result;
}

Login *login_fixture_login(unsigned int number, const char *user, const char *logind_id) {
        Login *login = NULL;

        assert_int_equal(login_new(&login), 0);
        snprintf(login->id, sizeof(login->id), "%021uA", number);
        login->sid = copy(LOGIN_FIXTURE_SID);
        login->tenant = copy("default");
        login->user = copy(user);
        login->service = copy("sshd");
        login->target = copy(user);
        login->logind_id = logind_id ? copy(logind_id) : NULL;
        login->opened_at_sec = 1700000000 + number;
        assert_int_equal(process_id_of(getpid(), &login->leader), 0);
        return login;
}

void login_fixture_write(const char *path, const char *text) {
        char full[256];
        FILE *file;

        snprintf(full, sizeof(full), "%s/%s", directory, path);
        file = fopen(full, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

bool login_fixture_has(const char *path) {
        char full[256];
        struct stat info;

        snprintf(full, sizeof(full), "%s/%s", directory, path);
        return lstat(full, &info) == 0;
}
