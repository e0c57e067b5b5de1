/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "daemon/store/sqlite-place.h"

static const char *const suffixes[SQLITE_PLACE_FILES] = { "", "-wal" };

int sqlite_place_open(const char *database_path, SqlitePlace *ret_place) {
        SqlitePlace place = { 0 };
        int r = 0;

        for (size_t i = 0; r == 0 && i < SQLITE_PLACE_FILES; i++) {
                struct stat st;

                if (asprintf(&place.paths[i], "%s%s", database_path, suffixes[i]) < 0) {
                        place.paths[i] = NULL;
                        r = -ENOMEM;
                } else if (lstat(place.paths[i], &st) < 0) {
                        r = -errno;
                } else {
                        place.files[i].device = st.st_dev;
                        place.files[i].inode = st.st_ino;
                }
        }
        if (r < 0) {
                sqlite_place_close(&place);
                return r;
        }
        *ret_place = place;
        return 0;
}

void sqlite_place_close(SqlitePlace *place) {
        for (size_t i = 0; i < SQLITE_PLACE_FILES; i++)
                free(place->paths[i]);
        *place = (SqlitePlace){ 0 };
}

int sqlite_place_check(const SqlitePlace *place) {
        for (size_t i = 0; i < SQLITE_PLACE_FILES; i++) {
                struct stat st;

                if (lstat(place->paths[i], &st) < 0)
                        return errno == ENOENT || errno == ENOTDIR ? SQLITE_PLACE_E_MOVED : -errno;
                if (st.st_dev != place->files[i].device || st.st_ino != place->files[i].inode)
                        return SQLITE_PLACE_E_MOVED;
        }
        return 0;
}
