/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text-hash.h"
#include "common/text.h"
#include "daemon/logind/logind.h"
#include "daemon/login/elevation-list.h"
#include "daemon/login/login-record.h"
#include "daemon/login/record-directory.h"

#define N_BUCKETS      1024u
#define PRUNE_AT_LEAST 64u
#define FILE_NAME_SIZE 17u

typedef struct Node {
        Elevation elevation;
        uint64_t hash;     /* of its key; also the name of its file */
        struct Node *next; /* linked in ElevationList.buckets */
} Node;

struct ElevationList {
        int fd;
        const HostId *host;
        Node *buckets[N_BUCKETS];
        size_t n_nodes, prune_at;
};

static bool has_tty(const Elevation *key) {
        return key->tty && *key->tty;
}

/* sudo knows a terminal by its device, so the logind session is not part of the key:
 * `systemd-run --user --scope` leaves the session, and keeps the terminal and its timestamp. */
static uint64_t hash_key(const Elevation *key) {
        uint64_t hash = text_hash_begin();

        hash = text_hash_add(hash, key->tenant);
        hash = text_hash_add(hash, key->user);
        hash = text_hash_add(hash, key->tty);
        return text_hash_add(hash, has_tty(key) ? NULL : key->logind_id);
}

static void name_file(uint64_t hash, char name[FILE_NAME_SIZE]) {
        snprintf(name, FILE_NAME_SIZE, "%016" PRIx64, hash);
}

static bool equal(const char *a, const char *b) {
        return !strcmp(STRING_OR_EMPTY(a), STRING_OR_EMPTY(b));
}

static bool same_key(const Elevation *a, const Elevation *b) {
        return equal(a->tenant, b->tenant) && equal(a->user, b->user) && equal(a->tty, b->tty) &&
               (has_tty(a) || equal(a->logind_id, b->logind_id));
}

/* Where the node with this key is linked, or would be. */
static Node **find_link(ElevationList *list, const Elevation *key) {
        Node **link = &list->buckets[hash_key(key) % N_BUCKETS];

        while (*link && !same_key(&(*link)->elevation, key))
                link = &(*link)->next;
        return link;
}

static void elevation_clear(Elevation *elevation) {
        free(elevation->tenant);
        free(elevation->user);
        free(elevation->tty);
        free(elevation->logind_id);
        free(elevation->sid);
        *elevation = (Elevation){};
}

static Node *node_free(Node *node) {
        if (!node)
                return NULL;
        elevation_clear(&node->elevation);
        free(node);
        return NULL;
}
DEFINE_CLEANUP(Node, node_free)

static int node_new(const Elevation *elevation, Node **ret_node) {
        _cleanup_(node_freep) Node *node = calloc(1, sizeof(*node));
        int r;

        if (!node)
                return -ENOMEM;
        node->elevation.made_at_sec = elevation->made_at_sec;
        node->hash = hash_key(elevation);
        r = text_copy(elevation->tenant, &node->elevation.tenant);
        if (r >= 0)
                r = text_copy(elevation->user, &node->elevation.user);
        if (r >= 0)
                r = text_copy(elevation->tty, &node->elevation.tty);
        if (r >= 0)
                r = text_copy(elevation->logind_id, &node->elevation.logind_id);
        if (r >= 0)
                r = text_copy(elevation->sid, &node->elevation.sid);
        if (r < 0)
                return r;
        *ret_node = TAKE_PTR(node);
        return 0;
}

static int write_node(const ElevationList *list, const Node *node) {
        _cleanup_(freep) char *text = NULL;
        char name[FILE_NAME_SIZE];
        int r;

        r = elevation_record_encode(&node->elevation, list->host, &text);
        if (r < 0)
                return r;
        name_file(node->hash, name);
        return record_directory_write(list->fd, name, text);
}

static void unlink_node(ElevationList *list, Node **link) {
        Node *node = *link;

        *link = node->next;
        list->n_nodes--;
        node_free(node);
}

static void link_node(ElevationList *list, Node *node) {
        Node **link = find_link(list, &node->elevation);

        if (*link)
                unlink_node(list, link);
        node->next = *link;
        *link = node;
        list->n_nodes++;
}

static void drop(ElevationList *list, Node **link) {
        char name[FILE_NAME_SIZE];

        name_file((*link)->hash, name);
        record_directory_remove(list->fd, name);
        unlink_node(list, link);
}

static void prune_bucket(ElevationList *list, Node **link) {
        while (*link) {
                const char *logind_id = (*link)->elevation.logind_id;

                if (logind_id && !logind_session_exists(logind_id))
                        drop(list, link);
                else
                        link = &(*link)->next;
        }
}

/* sudo's timestamp ends with the logind session that it was made in. Checking all of them each
 * time would cost a system call for each; so they are checked whenever their number has doubled. */
static void prune(ElevationList *list) {
        if (list->n_nodes < list->prune_at)
                return;
        for (size_t i = 0; i < N_BUCKETS; i++)
                prune_bucket(list, &list->buckets[i]);
        list->prune_at = 2 * list->n_nodes;
        if (list->prune_at < PRUNE_AT_LEAST)
                list->prune_at = PRUNE_AT_LEAST;
}

static void load(const char *name, const char *text, size_t size, void *userdata) {
        Elevation elevation = {};
        ElevationList *list = userdata;
        char expected[FILE_NAME_SIZE];
        Node *node = NULL;
        int r;

        r = elevation_record_decode(text, size, list->host, &elevation);
        if (r == 0)
                r = node_new(&elevation, &node);
        if (r == 0) {
                name_file(node->hash, expected);
                if (strcmp(name, expected))
                        r = LOGIN_RECORD_E_CORRUPT;
        }
        if (r > 0)
                record_directory_remove(list->fd, name);
        if (r == 0)
                link_node(list, node);
        else
                node_free(node);
        elevation_clear(&elevation);
}

int elevation_list_open(const char *path, const HostId *host, ElevationList **ret_list) {
        _cleanup_(elevation_list_freep) ElevationList *list = calloc(1, sizeof(*list));
        int r;

        if (!list)
                return -ENOMEM;
        list->host = host;
        list->fd = -1;
        r = record_directory_open(path, &list->fd);
        if (r >= 0)
                r = record_directory_read_all(list->fd, load, list);
        if (r < 0)
                return r;
        prune(list);
        *ret_list = TAKE_PTR(list);
        return 0;
}

ElevationList *elevation_list_free(ElevationList *list) {
        if (!list)
                return NULL;
        for (size_t i = 0; i < N_BUCKETS; i++)
                while (list->buckets[i])
                        unlink_node(list, &list->buckets[i]);
        if (list->fd >= 0)
                close(list->fd);
        free(list);
        return NULL;
}

/* The file first: when the token ends, its timestamp must be known, also after a restart. */
int elevation_list_set(ElevationList *list, const Elevation *elevation) {
        _cleanup_(node_freep) Node *node = NULL;
        Node **link = find_link(list, elevation);
        int r;

        if (!elevation->sid) {
                if (*link)
                        drop(list, link);
                return 0;
        }
        r = node_new(elevation, &node);
        if (r >= 0)
                r = write_node(list, node);
        if (r < 0)
                return r;
        link_node(list, TAKE_PTR(node));
        prune(list);
        return 0;
}

const Elevation *elevation_list_find(const ElevationList *list, const Elevation *key) {
        const Node *node = *find_link((ElevationList *)list, key);
        const char *logind_id;

        if (!node)
                return NULL;
        /* The terminal may have belonged to another session, which is gone. */
        logind_id = node->elevation.logind_id;
        if (logind_id && !equal(logind_id, key->logind_id) && !logind_session_exists(logind_id))
                return NULL;
        return &node->elevation;
}
