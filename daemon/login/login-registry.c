/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"
#include "daemon/logind/logind.h"
#include "daemon/login/login-record.h"
#include "daemon/login/login-registry.h"
#include "daemon/login/record-directory.h"

#define N_BUCKETS 1024u

/* A login in its three lists. */
typedef struct Node {
        Login login;                  /* first: a Login of the registry is its Node */
        struct Node *previous, *next; /* linked in LoginRegistry.first, all logins */
        struct Node *next_id;         /* linked in LoginRegistry.by_id */
        struct Node *next_user;       /* linked in LoginRegistry.by_user */
} Node;

typedef struct ElevationNode {
        Elevation elevation;
        char name[17];              /* of its file: hash of its key */
        struct ElevationNode *next; /* linked in LoginRegistry.elevations */
} ElevationNode;

struct LoginRegistry {
        int logins_fd, elevations_fd;
        char boot_id[33];
        Node *first, *by_id[N_BUCKETS], *by_user[N_BUCKETS];
        ElevationNode *elevations;
        size_t n_logins;
};

static uint64_t hash_text(uint64_t hash, const char *text) {
        for (const char *c = STRING_OR_EMPTY(text); *c; c++)
                hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
        return (hash ^ 0xff) * UINT64_C(1099511628211); /* FNV-1a, parts kept apart */
}

static uint64_t hash_one(const char *text) {
        return hash_text(UINT64_C(14695981039346656037), text);
}

static bool equal(const char *a, const char *b) {
        return !strcmp(STRING_OR_EMPTY(a), STRING_OR_EMPTY(b));
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
        free(login);
        return NULL;
}

static void elevation_clear(Elevation *elevation) {
        free(elevation->tenant);
        free(elevation->user);
        free(elevation->tty);
        free(elevation->logind_id);
        free(elevation->sid);
        *elevation = (Elevation){};
}

static Node **bucket_of_id(LoginRegistry *registry, const char *id) {
        return &registry->by_id[hash_one(id) % N_BUCKETS];
}

static Node **bucket_of_user(LoginRegistry *registry, const char *user) {
        return &registry->by_user[hash_one(user) % N_BUCKETS];
}

static void link_node(LoginRegistry *registry, Node *node) {
        Node **by_id = bucket_of_id(registry, node->login.id);
        Node **by_user = bucket_of_user(registry, node->login.user);

        node->next = registry->first;
        if (node->next)
                node->next->previous = node;
        registry->first = node;
        node->next_id = *by_id;
        *by_id = node;
        node->next_user = *by_user;
        *by_user = node;
        registry->n_logins++;
}

static void unlink_node(LoginRegistry *registry, Node *node) {
        Node **link;

        if (node->previous)
                node->previous->next = node->next;
        else
                registry->first = node->next;
        if (node->next)
                node->next->previous = node->previous;
        for (link = bucket_of_id(registry, node->login.id); *link != node; link = &(*link)->next_id)
                ;
        *link = node->next_id;
        for (link = bucket_of_user(registry, node->login.user); *link != node;
                link = &(*link)->next_user)
                ;
        *link = node->next_user;
        registry->n_logins--;
}

static int write_login(LoginRegistry *registry, const Login *login) {
        _cleanup_(freep) char *text = NULL;
        int r;

        r = login_record_encode(login, registry->boot_id, &text);
        if (r < 0)
                return r;
        return record_directory_write(registry->logins_fd, login->id, text);
}

int login_registry_add(LoginRegistry *registry, Login *login) {
        int r;

        if (login_registry_find(registry, login->id))
                return -EEXIST;
        r = write_login(registry, login);
        if (r < 0)
                return r;
        link_node(registry, (Node *)login);
        return 0;
}

int login_registry_update(LoginRegistry *registry, Login *login) {
        return write_login(registry, login);
}

void login_registry_remove(LoginRegistry *registry, Login *login) {
        record_directory_remove(registry->logins_fd, login->id);
        unlink_node(registry, (Node *)login);
        login_free(login);
}

Login *login_registry_find(LoginRegistry *registry, const char *id) {
        Node *node = *bucket_of_id(registry, id);

        while (node && !secret_equal(node->login.id, LOGIN_ID_SIZE, id, strlen(id)))
                node = node->next_id;
        return node ? &node->login : NULL;
}

void login_registry_each(LoginRegistry *registry, const char *tenant, const char *user,
        LoginVisitor visitor, void *userdata) {
        Node *node = user ? *bucket_of_user(registry, user) : registry->first;
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

/* A sudo inside somebody's session has a record with the same logind id, but did not open it: the login
 * that came first did. One that has ended counts before all. */
Login *login_registry_find_logind(LoginRegistry *registry, const char *logind_id) {
        Login *found = NULL;

        for (Node *node = registry->first; node; node = node->next) {
                Login *login = &node->login;

                if (!login->logind_id || strcmp(login->logind_id, logind_id))
                        continue;
                if (login->ended)
                        return login;
                if (!found || login->opened_at_sec <= found->opened_at_sec)
                        found = login;
        }
        return found;
}

size_t login_registry_count(const LoginRegistry *registry) {
        return registry->n_logins;
}

static bool same_key(const Elevation *a, const Elevation *b) {
        return equal(a->tenant, b->tenant) && equal(a->user, b->user) && equal(a->tty, b->tty) &&
               equal(a->logind_id, b->logind_id);
}

static ElevationNode **find_elevation(LoginRegistry *registry, const Elevation *key) {
        ElevationNode **link;

        for (link = &registry->elevations; *link; link = &(*link)->next)
                if (same_key(&(*link)->elevation, key))
                        break;
        return link;
}

static void name_elevation(ElevationNode *node) {
        const Elevation *elevation = &node->elevation;
        uint64_t hash = hash_one(elevation->tenant);

        hash = hash_text(hash, elevation->user);
        hash = hash_text(hash, elevation->tty);
        hash = hash_text(hash, elevation->logind_id);
        snprintf(node->name, sizeof(node->name), "%016" PRIx64, hash);
}

static int copy_text(const char *text, char **ret_copy) {
        if (!text)
                return 0;
        *ret_copy = strdup(text);
        return *ret_copy ? 0 : -ENOMEM;
}

static void elevation_node_free(ElevationNode *node) {
        elevation_clear(&node->elevation);
        free(node);
}

static int elevation_node_new(const Elevation *elevation, ElevationNode **ret_node) {
        ElevationNode *node = calloc(1, sizeof(*node));
        int r;

        if (!node)
                return -ENOMEM;
        node->elevation.made_at_sec = elevation->made_at_sec;
        r = copy_text(elevation->tenant, &node->elevation.tenant);
        if (r >= 0)
                r = copy_text(elevation->user, &node->elevation.user);
        if (r >= 0)
                r = copy_text(elevation->tty, &node->elevation.tty);
        if (r >= 0)
                r = copy_text(elevation->logind_id, &node->elevation.logind_id);
        if (r >= 0)
                r = copy_text(elevation->sid, &node->elevation.sid);
        if (r < 0) {
                elevation_node_free(node);
                return r;
        }
        name_elevation(node);
        *ret_node = node;
        return 0;
}

static int add_elevation(LoginRegistry *registry, const Elevation *elevation) {
        _cleanup_(freep) char *text = NULL;
        ElevationNode *node;
        int r;

        r = elevation_record_encode(elevation, registry->boot_id, &text);
        if (r < 0)
                return r;
        r = elevation_node_new(elevation, &node);
        if (r < 0)
                return r;
        r = record_directory_write(registry->elevations_fd, node->name, text);
        if (r < 0) {
                elevation_node_free(node);
                return r;
        }
        node->next = registry->elevations;
        registry->elevations = node;
        return 0;
}

static void drop_elevation(LoginRegistry *registry, ElevationNode **link) {
        ElevationNode *node = *link;

        *link = node->next;
        record_directory_remove(registry->elevations_fd, node->name);
        elevation_node_free(node);
}

/* sudo's timestamp ends with the logind session that it was made in. */
static void prune_elevations(LoginRegistry *registry) {
        ElevationNode **link = &registry->elevations;

        while (*link) {
                const char *logind_id = (*link)->elevation.logind_id;

                if (logind_id && !logind_session_exists(logind_id))
                        drop_elevation(registry, link);
                else
                        link = &(*link)->next;
        }
}

int login_registry_set_elevation(LoginRegistry *registry, const Elevation *elevation) {
        ElevationNode **link;

        prune_elevations(registry);
        link = find_elevation(registry, elevation);
        if (*link)
                drop_elevation(registry, link);
        return elevation->sid ? add_elevation(registry, elevation) : 0;
}

const Elevation *login_registry_find_elevation(
        const LoginRegistry *registry, const Elevation *key) {
        ElevationNode *node = *find_elevation((LoginRegistry *)registry, key);

        return node ? &node->elevation : NULL;
}

static bool is_over(const Login *login) {
        return !process_is_alive(&login->leader) &&
               !(login->logind_id && logind_session_exists(login->logind_id));
}

static void load_login(const char *name, const char *text, size_t size, void *userdata) {
        LoginRegistry *registry = userdata;
        Login *login = NULL;

        if (login_record_decode(text, size, registry->boot_id, &login) || strcmp(login->id, name) ||
                is_over(login)) {
                record_directory_remove(registry->logins_fd, name);
                login_free(login);
                return;
        }
        link_node(registry, (Node *)login);
}

static void load_elevation(const char *name, const char *text, size_t size, void *userdata) {
        LoginRegistry *registry = userdata;
        Elevation elevation = {};
        ElevationNode *node = NULL;

        if (elevation_record_decode(text, size, registry->boot_id, &elevation) == 0 &&
                elevation_node_new(&elevation, &node) == 0 && !strcmp(node->name, name)) {
                node->next = registry->elevations;
                registry->elevations = node;
        } else {
                record_directory_remove(registry->elevations_fd, name);
                if (node)
                        elevation_node_free(node);
        }
        elevation_clear(&elevation);
}

static int open_directory(const char *directory, const char *name, int *ret_fd) {
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s/%s", directory, name) < 0)
                return -ENOMEM;
        return record_directory_open(path, ret_fd);
}

int login_registry_open(const char *directory, LoginRegistry **ret_registry) {
        _cleanup_(login_registry_freep) LoginRegistry *registry = calloc(1, sizeof(*registry));
        _cleanup_(closep) int fd = -1;
        int r;

        if (!registry)
                return -ENOMEM;
        registry->logins_fd = registry->elevations_fd = -1;
        r = process_boot_id(registry->boot_id);
        if (r >= 0)
                r = record_directory_open(directory, &fd);
        if (r >= 0)
                r = open_directory(directory, "logins", &registry->logins_fd);
        if (r >= 0)
                r = open_directory(directory, "elevations", &registry->elevations_fd);
        if (r >= 0)
                r = record_directory_read_all(registry->logins_fd, load_login, registry);
        if (r >= 0)
                r = record_directory_read_all(registry->elevations_fd, load_elevation, registry);
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
        while (registry->elevations) {
                ElevationNode *node = registry->elevations;

                registry->elevations = node->next;
                elevation_node_free(node);
        }
        if (registry->logins_fd >= 0)
                close(registry->logins_fd);
        if (registry->elevations_fd >= 0)
                close(registry->elevations_fd);
        free(registry);
        return NULL;
}
