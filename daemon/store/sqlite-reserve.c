/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "daemon/store/sqlite-reserve.h"

/* The size of the log between two checkpoints, by which the database file may have to grow. */
#define RESERVE_SIZE (1024 * 1024)

void sqlite_reserve_take(SqliteReserve *reserve) {
        if (reserve->fd < 0 || reserve->held)
                return;
        reserve->held = posix_fallocate(reserve->fd, 0, RESERVE_SIZE) == 0;
        /* All or nothing: a part of it would not be enough. */
        if (!reserve->held && ftruncate(reserve->fd, 0) < 0)
                return;
}

bool sqlite_reserve_release(SqliteReserve *reserve) {
        if (!reserve->held)
                return false;
        reserve->held = false;
        return ftruncate(reserve->fd, 0) == 0;
}

int sqlite_reserve_open(const char *database_path, SqliteReserve *ret_reserve) {
        _cleanup_(freep) char *path = NULL;
        SqliteReserve reserve;

        if (asprintf(&path, "%s-reserve", database_path) < 0)
                return -ENOMEM;
        reserve = (SqliteReserve){
                .fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600),
        };
        if (reserve.fd < 0)
                return -errno;
        sqlite_reserve_take(&reserve);
        *ret_reserve = reserve;
        return 0;
}

void sqlite_reserve_close(SqliteReserve *reserve) {
        if (reserve->fd >= 0)
                close(reserve->fd);
        *reserve = (SqliteReserve){ .fd = -1 };
}
