/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "daemon/login/host-id.h"
#include "daemon/login/login-record.h"
#include "daemon/login/login-registry.h"
#include "daemon/token/jti.h"

#define RECORD_VERSION 1
#define LOGIND_BEGIN   "logind_begin"

/* One text member: where it is, and whether a record without it is corrupt. */
typedef struct TextMember {
        const char *name;
        size_t offset;
        bool required;
} TextMember;

static const TextMember login_texts[] = {
        { "session", offsetof(Login, sid), true },
        { "tenant", offsetof(Login, tenant), true },
        { "user", offsetof(Login, user), true },
        { "service", offsetof(Login, service), true },
        { "target", offsetof(Login, target), false },
        { "tty", offsetof(Login, tty), false },
        { "rhost", offsetof(Login, rhost), false },
        { "logind", offsetof(Login, logind_id), false },
};

static const TextMember elevation_texts[] = {
        { "session", offsetof(Elevation, sid), true },
        { "tenant", offsetof(Elevation, tenant), true },
        { "user", offsetof(Elevation, user), true },
        { "tty", offsetof(Elevation, tty), false },
        { "logind", offsetof(Elevation, logind_id), false },
};

static char **text_at(const void *object, const TextMember *member) {
        return (char **)((char *)object + member->offset);
}

static int set_texts(
        json_t *record, const void *object, const TextMember *members, size_t n_members) {
        for (size_t i = 0; i < n_members; i++) {
                const char *text = *text_at(object, &members[i]);

                if (text && json_object_set_new(record, members[i].name, json_string(text)))
                        return -ENOMEM;
        }
        return 0;
}

static int get_texts(
        const json_t *record, void *object, const TextMember *members, size_t n_members) {
        for (size_t i = 0; i < n_members; i++) {
                const json_t *value = json_object_get(record, members[i].name);
                char **text = text_at(object, &members[i]);

                if (value ? !json_is_string(value) : members[i].required)
                        return LOGIN_RECORD_E_CORRUPT;
                if (!value)
                        continue;
                *text = strdup(json_string_value(value));
                if (!*text)
                        return -ENOMEM;
        }
        return 0;
}

static int dump(json_t *record, char **ret_text) {
        *ret_text = json_dumps(record, JSON_COMPACT);
        json_decref(record);
        return *ret_text ? 0 : -ENOMEM;
}

static int set_begin(json_t *record, const Login *login) {
        return login->logind_begin_usec &&
                               json_object_set_new(record, LOGIND_BEGIN,
                                       json_integer((json_int_t)login->logind_begin_usec))
                       ? -ENOMEM
                       : 0;
}

/* A record of an older daemon lacks it. */
static int get_begin(const json_t *record, Login *login) {
        const json_t *value = json_object_get(record, LOGIND_BEGIN);

        if (value && (!json_is_integer(value) || json_integer_value(value) <= 0))
                return LOGIN_RECORD_E_CORRUPT;
        login->logind_begin_usec = (uint64_t)json_integer_value(value);
        return 0;
}

int login_record_encode(const Login *login, const HostId *host, char **ret_text) {
        json_t *record;

        record = json_pack("{si ss ss ss sI sI sI sI sI sb sb ss}", "v", RECORD_VERSION, "boot",
                host->boot, "machine", host->machine, "id", login->id, "owner",
                (json_int_t)login->logind_owner, "uid", (json_int_t)login->uid, "pid",
                (json_int_t)login->leader.pid, "start", (json_int_t)login->leader.start_time,
                "opened", (json_int_t)login->opened_at_sec, "opened_logind", login->opened_logind,
                "ended", login->ended, "reason", reason_code(login->end_reason));
        if (!record)
                return -ENOMEM;
        if (set_texts(record, login, login_texts, ARRAY_SIZE(login_texts)) < 0 ||
                set_begin(record, login) < 0) {
                json_decref(record);
                return -ENOMEM;
        }
        return dump(record, ret_text);
}

/* Its size is fixed: the verbs copy that many characters. */
static bool is_sid(const char *text) {
        return sid_is_valid(text, strlen(text));
}

static int read_login(const json_t *record, Login *login) {
        json_int_t owner, uid, pid, start, opened;
        const char *id, *reason;
        int opened_logind, ended, r;

        if (json_unpack((json_t *)record, "{ss sI sI sI sI sI sb sb ss}", "id", &id, "owner",
                    &owner, "uid", &uid, "pid", &pid, "start", &start, "opened", &opened,
                    "opened_logind", &opened_logind, "ended", &ended, "reason", &reason) ||
                !is_sid(id) || pid <= 0 || pid > INT32_MAX || start < 0 || opened < 0 ||
                owner < 0 || owner > UINT32_MAX || uid < 0 || uid > UINT32_MAX)
                return LOGIN_RECORD_E_CORRUPT;
        memcpy(login->id, id, sizeof(login->id));
        login->logind_owner = (uid_t)owner;
        login->uid = (uid_t)uid;
        login->leader = (ProcessId){ .pid = (pid_t)pid, .start_time = (uint64_t)start };
        login->opened_at_sec = (uint64_t)opened;
        login->opened_logind = opened_logind;
        login->ended = ended;
        login->end_reason = reason_from_code(reason);
        if (login->ended && login->end_reason == REASON_OK)
                return LOGIN_RECORD_E_CORRUPT;
        r = get_begin(record, login);
        if (r == 0)
                r = get_texts(record, login, login_texts, ARRAY_SIZE(login_texts));
        if (r == 0 && (!is_sid(login->sid) || (opened_logind && !login->logind_id)))
                return LOGIN_RECORD_E_CORRUPT;
        return r;
}

/* A record of another boot or host is not corrupt, and no reason for a warning. A record without a machine is
 * from before the daemon was upgraded. */
static int check_host(const json_t *record, const HostId *host) {
        const char *boot, *machine = host->machine;
        int version;

        if (json_unpack((json_t *)record, "{si ss s?s}", "v", &version, "boot", &boot, "machine",
                    &machine) ||
                version != RECORD_VERSION)
                return LOGIN_RECORD_E_CORRUPT;
        if (*machine && *host->machine && strcmp(machine, host->machine) != 0)
                return LOGIN_RECORD_E_OTHER_HOST;
        return strcmp(boot, host->boot) ? LOGIN_RECORD_E_OTHER_BOOT : 0;
}

int login_record_decode(const char *text, size_t size, const HostId *host, Login **ret_login) {
        _cleanup_(login_freep) Login *login = NULL;
        json_t *record;
        int r;

        record = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (!record)
                return LOGIN_RECORD_E_CORRUPT;
        r = check_host(record, host);
        if (r == 0)
                r = login_new(&login);
        if (r == 0)
                r = read_login(record, login);
        json_decref(record);
        if (r == 0)
                *ret_login = TAKE_PTR(login);
        return r;
}

int elevation_record_encode(const Elevation *elevation, const HostId *host, char **ret_text) {
        json_t *record;

        record = json_pack("{si ss ss sI}", "v", RECORD_VERSION, "boot", host->boot, "machine",
                host->machine, "made", (json_int_t)elevation->made_at_sec);
        if (!record)
                return -ENOMEM;
        if (set_texts(record, elevation, elevation_texts, ARRAY_SIZE(elevation_texts)) < 0) {
                json_decref(record);
                return -ENOMEM;
        }
        return dump(record, ret_text);
}

int elevation_record_decode(
        const char *text, size_t size, const HostId *host, Elevation *ret_elevation) {
        json_int_t made;
        json_t *record;
        int r;

        record = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (!record)
                return LOGIN_RECORD_E_CORRUPT;
        r = check_host(record, host);
        if (r == 0 && (json_unpack(record, "{sI}", "made", &made) || made < 0))
                r = LOGIN_RECORD_E_CORRUPT;
        if (r == 0) {
                ret_elevation->made_at_sec = (uint64_t)made;
                r = get_texts(record, ret_elevation, elevation_texts, ARRAY_SIZE(elevation_texts));
        }
        if (r == 0 && !is_sid(ret_elevation->sid))
                r = LOGIN_RECORD_E_CORRUPT;
        json_decref(record);
        return r;
}
