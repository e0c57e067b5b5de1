/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "daemon/store/sqlite-place.h"

int sqlite_place_read(const char *path, SqlitePlace *ret_place) {
        struct stat st;

        if (lstat(path, &st) < 0)
                return -errno;
        *ret_place = (SqlitePlace){
                .path = path,
                .device = st.st_dev,
                .inode = st.st_ino,
                .size = (uint64_t)st.st_size,
                .modified = st.st_mtim,
                .changed = st.st_ctim,
        };
        return 0;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b) {
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int sqlite_place_look(const SqlitePlace *place, SqlitePlace *ret_now) {
        SqlitePlace now = { 0 };
        int r = sqlite_place_read(place->path, &now);

        if (r == -ENOENT || r == -ENOTDIR)
                return SQLITE_PLACE_E_MOVED;
        if (r < 0)
                return r;
        if (now.device != place->device || now.inode != place->inode)
                return SQLITE_PLACE_E_MOVED;
        if (now.size == place->size && is_same_time(&now.modified, &place->modified) &&
                is_same_time(&now.changed, &place->changed))
                return 0;
        *ret_now = now;
        return SQLITE_PLACE_E_TOUCHED;
}
