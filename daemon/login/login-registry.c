/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"
#include "common/text-hash.h"
#include "daemon/logind/logind.h"
#include "daemon/login/elevation-list.h"
#include "daemon/login/host-id.h"
#include "daemon/login/login-record.h"
#include "daemon/login/login-registry.h"
#include "daemon/login/login-state.h"
#include "daemon/login/record-directory.h"

#define N_BUCKETS 4096u

/* A login in its lists. */
typedef struct Node {
        Login login;                  /* first: a Login of the registry is its Node */
        struct Node *previous, *next; /* linked in LoginRegistry.first, all logins */
        struct Node *next_id;         /* linked in LoginRegistry.by_id */
        struct Node *next_user;       /* linked in LoginRegistry.by_user */
        struct Node *next_logind;     /* linked in LoginRegistry.by_logind, if it is in one */
} Node;

struct LoginRegistry {
        int fd;
        HostId host;
        Node *first;
        Node *by_id[N_BUCKETS], *by_user[N_BUCKETS], *by_logind[N_BUCKETS];
        ElevationList *elevations;
        size_t n_logins;
        size_t n_lost; /* records that could not be understood */
        LoginObserver observer;
        void *observer_userdata;
};

static Node **bucket_of(Node **buckets, const char *text) {
        return &buckets[text_hash_add(text_hash_begin(), text) % N_BUCKETS];
}

int login_new(Login **ret_login) {
        Node *node = calloc(1, sizeof(*node));

        if (!node)
                return -ENOMEM;
        node->login.uid = (uid_t)-1;
        node->login.logind_owner = (uid_t)-1;
        *ret_login = &node->login;
        return 0;
}

Login *login_free(Login *login) {
        if (!login)
                return NULL;
        free(login->sid);
        free(login->tenant);
        free(login->user);
        free(login->service);
        free(login->tty);
        free(login->rhost);
        free(login->target);
        free(login->logind_id);
        free(login->platform);
        free(login->device);
        free(login);
        return NULL;
}

static void link_node(LoginRegistry *registry, Node *node) {
        Node **by_id = bucket_of(registry->by_id, node->login.id);
        Node **by_user = bucket_of(registry->by_user, node->login.user);
        Node **by_logind;

        node->next = registry->first;
        if (node->next)
                node->next->previous = node;
        registry->first = node;
        node->next_id = *by_id;
        *by_id = node;
        node->next_user = *by_user;
        *by_user = node;
        if (node->login.logind_id) {
                by_logind = bucket_of(registry->by_logind, node->login.logind_id);
                node->next_logind = *by_logind;
                *by_logind = node;
        }
        registry->n_logins++;
}

static void unlink_hashed(LoginRegistry *registry, Node *node) {
        Node **link;

        for (link = bucket_of(registry->by_id, node->login.id); *link != node;)
                link = &(*link)->next_id;
        *link = node->next_id;
        for (link = bucket_of(registry->by_user, node->login.user); *link != node;)
                link = &(*link)->next_user;
        *link = node->next_user;
        if (!node->login.logind_id)
                return;
        for (link = bucket_of(registry->by_logind, node->login.logind_id); *link != node;)
                link = &(*link)->next_logind;
        *link = node->next_logind;
}

static void unlink_node(LoginRegistry *registry, Node *node) {
        if (node->previous)
                node->previous->next = node->next;
        else
                registry->first = node->next;
        if (node->next)
                node->next->previous = node->previous;
        unlink_hashed(registry, node);
        registry->n_logins--;
}

static int write_login(LoginRegistry *registry, const Login *login) {
        _cleanup_(freep) char *text = NULL;
        int r;

        r = login_record_encode(login, &registry->host, &text);
        if (r < 0)
                return r;
        return record_directory_write(registry->fd, login->id, text);
}

/* sudo and su may run inside a logind session of somebody else, who must not suffer from the end of
 * their token. */
static void note_session(Login *login) {
        LogindSession session;

        if (!login->logind_id || logind_session_read(login->logind_id, &session) < 0)
                return;
        login->opened_logind = session.leader && session.leader == login->leader.pid;
        login->logind_begin_usec = session.begin_usec;
}

static void tell(const LoginRegistry *registry, const Login *login) {
        if (registry->observer)
                registry->observer(login, registry->observer_userdata);
}

void login_registry_observe(LoginRegistry *registry, LoginObserver observer, void *userdata) {
        if (!registry)
                return;
        registry->observer = observer;
        registry->observer_userdata = userdata;
}

int login_registry_add(LoginRegistry *registry, Login *login) {
        int r;

        if (login_registry_find(registry, login->id))
                return -EEXIST;
        note_session(login);
        r = write_login(registry, login);
        if (r < 0)
                return r;
        link_node(registry, (Node *)login);
        tell(registry, login);
        return 0;
}

int login_registry_update(LoginRegistry *registry, Login *login) {
        return write_login(registry, login);
}

void login_registry_remove(LoginRegistry *registry, Login *login) {
        record_directory_remove(registry->fd, login->id);
        tell(registry, login);
        unlink_node(registry, (Node *)login);
        login_free(login);
}

Login *login_registry_find(LoginRegistry *registry, const char *id) {
        Node *node = *bucket_of(registry->by_id, id);

        while (node && !secret_equal(node->login.id, LOGIN_ID_SIZE, id, strlen(id)))
                node = node->next_id;
        return node ? &node->login : NULL;
}

void login_registry_each(LoginRegistry *registry, const char *tenant, const char *user,
        LoginVisitor visitor, void *userdata) {
        Node *node = user ? *bucket_of(registry->by_user, user) : registry->first;
        bool go_on = true;
        Node *next;

        for (; node && go_on; node = next) {
                next = user ? node->next_user : node->next;
                if ((user && strcmp(node->login.user, user)) ||
                        (tenant && strcmp(node->login.tenant, tenant)))
                        continue;
                go_on = visitor(&node->login, userdata);
        }
}

void login_registry_each_logind(
        LoginRegistry *registry, const char *logind_id, LoginVisitor visitor, void *userdata) {
        Node *node = *bucket_of(registry->by_logind, logind_id);
        bool go_on = true;
        Node *next;

        for (; node && go_on; node = next) {
                next = node->next_logind;
                if (!strcmp(node->login.logind_id, logind_id))
                        go_on = visitor(&node->login, userdata);
        }
}

Login *login_registry_find_logind(LoginRegistry *registry, const char *logind_id) {
        Login *found = NULL;

        for (Node *node = *bucket_of(registry->by_logind, logind_id); node;
                node = node->next_logind) {
                if (!node->login.opened_logind || strcmp(node->login.logind_id, logind_id) ||
                        login_logind_is_another(&node->login))
                        continue;
                found = &node->login;
                if (found->ended)
                        break;
        }
        return found;
}

size_t login_registry_count(const LoginRegistry *registry) {
        return registry->n_logins;
}

size_t login_registry_lost(const LoginRegistry *registry) {
        return registry->n_lost;
}

int login_registry_set_elevation(LoginRegistry *registry, const Elevation *elevation) {
        return elevation_list_set(registry->elevations, elevation);
}

const Elevation *login_registry_find_elevation(
        const LoginRegistry *registry, const Elevation *key) {
        return elevation_list_find(registry->elevations, key);
}

static void load_login(const char *name, const char *text, size_t size, void *userdata) {
        LoginRegistry *registry = userdata;
        Login *login = NULL;
        int r;

        r = login_record_decode(text, size, &registry->host, &login);
        if (r == 0 && strcmp(login->id, name))
                r = LOGIN_RECORD_E_CORRUPT;
        if (r == 0 && !login_is_over(login)) {
                link_node(registry, (Node *)login);
                return;
        }
        if (r == LOGIN_RECORD_E_CORRUPT)
                registry->n_lost++;
        if (r >= 0)
                record_directory_remove(registry->fd, name);
        login_free(login);
}

static int open_logins(LoginRegistry *registry, const char *directory) {
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, "%s/logins", directory) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = record_directory_open(path, &registry->fd);
        if (r < 0)
                return r;
        return record_directory_read_all(registry->fd, load_login, registry);
}

static int open_elevations(LoginRegistry *registry, const char *directory) {
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s/elevations", directory) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        return elevation_list_open(path, &registry->host, &registry->elevations);
}

int login_registry_open(const char *directory, LoginRegistry **ret_registry) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = calloc(1, sizeof(*registry));
        _cleanup_(closep) int fd = -1;
        int r;

        if (!registry)
                return -ENOMEM;
        registry->fd = -1;
        r = host_id_read(&registry->host);
        if (r >= 0)
                r = record_directory_open(directory, &fd);
        if (r >= 0)
                r = open_logins(registry, directory);
        if (r >= 0)
                r = open_elevations(registry, directory);
        if (r < 0)
                return r;
        *ret_registry = TAKE_PTR(registry);
        return 0;
}

LoginRegistry *login_registry_free(LoginRegistry *registry) {
        if (!registry)
                return NULL;
        while (registry->first) {
                Node *node = registry->first;

                registry->first = node->next;
                login_free(&node->login);
        }
        elevation_list_free(registry->elevations);
        if (registry->fd >= 0)
                close(registry->fd);
        free(registry);
        return NULL;
}
