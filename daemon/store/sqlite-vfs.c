/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/store/sqlite-place.h"
#include "daemon/store/sqlite-vfs.h"
#include "daemon/store/sqlite-written.h"

#define NAME       "authtoken"
#define PIECE_SIZE 4096u /* a page of a database that we made */

/* Stored after the file of the real VFS, which works as if it were called directly. */
struct SqliteFile {
        sqlite3_io_methods methods;
        const sqlite3_io_methods *real;
        sqlite3_file *base;
        const char *path;
        SqliteWritten written;
        SqlitePlace place;
        bool is_watched;
        bool is_dirty; /* we wrote to it since @place was read */
        bool is_overwritten;
};

static sqlite3_vfs ours, *below;

static size_t offset_behind(void) {
        size_t align = alignof(struct SqliteFile);

        return ((size_t)below->szOsFile + align - 1) / align * align;
}

static SqliteFile *file_of(sqlite3_file *base) {
        return (SqliteFile *)(void *)((char *)base + offset_behind());
}

static int read_piece(SqliteFile *file, uint64_t offset, void *data, size_t size) {
        int code = file->real->xRead(file->base, data, (int)size, (sqlite3_int64)offset);

        if (code == SQLITE_IOERR_SHORT_READ)
                return SQLITE_VFS_E_OVERWRITTEN;
        return code == SQLITE_OK ? 0 : -EIO;
}

/* Of all that is known. */
static int compare(SqliteFile *file) {
        const SqliteWritten *written = &file->written;
        _cleanup_(freep) char *data = NULL;
        size_t room = 0;
        int r = 0;

        for (size_t i = 0; i < written->n_pieces; i++)
                room = written->pieces[i].size > room ? written->pieces[i].size : room;
        data = malloc(room + 1);
        if (!data)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < written->n_pieces; i++) {
                const WrittenPiece *piece = &written->pieces[i];

                r = read_piece(file, piece->offset, data, piece->size);
                if (r == 0 && !sqlite_written_has(written, piece->offset, data, piece->size))
                        r = SQLITE_VFS_E_OVERWRITTEN;
        }
        return r;
}

/* @now: the place after somebody, perhaps we, touched the file. */
static int judge(SqliteFile *file, const SqlitePlace *now) {
        int r = 0;

        if (!sqlite_written_fits(&file->written, now->size))
                r = SQLITE_VFS_E_OVERWRITTEN;
        else if (!file->is_dirty)
                r = compare(file);
        if (r == 0)
                file->place = *now;
        return r;
}

int sqlite_vfs_check(SqliteFile *file) {
        SqlitePlace now;
        int r;

        if (file->is_overwritten)
                return SQLITE_VFS_E_OVERWRITTEN;
        r = sqlite_place_look(&file->place, &now);
        if (r == SQLITE_PLACE_E_MOVED)
                return SQLITE_VFS_E_MOVED;
        if (r == SQLITE_PLACE_E_TOUCHED)
                r = judge(file, &now);
        file->is_overwritten = r == SQLITE_VFS_E_OVERWRITTEN;
        file->is_dirty = file->is_dirty && r != 0;
        return r;
}

bool sqlite_vfs_is_other(SqliteFile *file) {
        SqlitePlace place;
        int r = sqlite_vfs_check(file);

        return r == SQLITE_VFS_E_OVERWRITTEN ||
               (r == SQLITE_VFS_E_MOVED && sqlite_place_read(file->path, &place) == 0);
}

void sqlite_vfs_put_aside(SqliteFile *file) {
        char path[PATH_MAX];
        int size;

        if (sqlite_vfs_check(file) != 0 || file->place.size == 0)
                return;
        size = snprintf(path, sizeof(path), "%s-stray", file->path);
        if (size > 0 && (size_t)size < sizeof(path))
                (void)rename(file->path, path);
}

/* The last check before our own write, after which the times prove nothing. */
static int before_write(SqliteFile *file) {
        if (file->is_overwritten || (!file->is_dirty && sqlite_vfs_check(file) > 0))
                return SQLITE_IOERR_WRITE;
        file->is_dirty = true;
        return SQLITE_OK;
}

static int on_write(sqlite3_file *base, const void *data, int size, sqlite3_int64 offset) {
        SqliteFile *file = file_of(base);
        int code;

        if (!file->is_watched)
                return file->real->xWrite(base, data, size, offset);
        if (sqlite_written_reserve(&file->written) < 0)
                return SQLITE_IOERR_NOMEM;
        code = before_write(file);
        if (code != SQLITE_OK)
                return code;
        code = file->real->xWrite(base, data, size, offset);
        if (code == SQLITE_OK)
                sqlite_written_note(&file->written, (uint64_t)offset, data, (size_t)size);
        else
                sqlite_written_fail(&file->written, (uint64_t)offset, (size_t)size);
        return code;
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 size) {
        SqliteFile *file = file_of(base);
        int code;

        if (!file->is_watched)
                return file->real->xTruncate(base, size);
        code = before_write(file);
        if (code != SQLITE_OK)
                return code;
        code = file->real->xTruncate(base, size);
        if (code == SQLITE_OK)
                sqlite_written_cut(&file->written, (uint64_t)size);
        else
                sqlite_written_fail(&file->written, (uint64_t)size, 0);
        return code;
}

static int on_read(sqlite3_file *base, void *data, int size, sqlite3_int64 offset) {
        SqliteFile *file = file_of(base);
        int code = file->real->xRead(base, data, size, offset);

        if (code != SQLITE_OK || !file->is_watched ||
                sqlite_written_has(&file->written, (uint64_t)offset, data, (size_t)size))
                return code;
        file->is_overwritten = true;
        return SQLITE_IOERR_DATA;
}

/* Our writes are finished, and the sync takes a while: writes to the file during it are somebody else's. */
static int on_sync(sqlite3_file *base, int flags) {
        SqliteFile *file = file_of(base);

        if (file->is_watched && file->is_dirty && sqlite_vfs_check(file) > 0)
                return SQLITE_IOERR_FSYNC;
        return file->real->xSync(base, flags);
}

static int on_close(sqlite3_file *base) {
        SqliteFile *file = file_of(base);

        sqlite_written_clear(&file->written);
        file->is_watched = false;
        return file->real->xClose(base);
}

static int on_open(
        sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags, int *ret_flags) {
        SqliteFile *file = file_of(base);
        int code;

        (void)vfs;
        code = below->xOpen(below, name, base, flags, ret_flags);
        if (code != SQLITE_OK || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
                return code;
        *file = (SqliteFile){
                .methods = *base->pMethods,
                .real = base->pMethods,
                .base = base,
                .path = name,
        };
        file->methods.xWrite = on_write;
        file->methods.xTruncate = on_truncate;
        file->methods.xRead = on_read;
        file->methods.xSync = on_sync;
        file->methods.xClose = on_close;
        base->pMethods = &file->methods;
        return code;
}

const char *sqlite_vfs_name(void) {
        if (below)
                return NAME;
        below = sqlite3_vfs_find(NULL);
        if (!below)
                return NULL;
        ours = *below;
        ours.pNext = NULL;
        ours.zName = NAME;
        ours.szOsFile = (int)(offset_behind() + sizeof(SqliteFile));
        ours.xOpen = on_open;
        if (sqlite3_vfs_register(&ours, 0) != SQLITE_OK)
                below = NULL;
        return below ? NAME : NULL;
}

static int read_all(SqliteFile *file) {
        uint64_t size = file->place.size;
        char data[PIECE_SIZE];
        int r = 0;

        for (uint64_t offset = 0; r == 0 && offset < size; offset += PIECE_SIZE) {
                size_t left = size - offset < PIECE_SIZE ? (size_t)(size - offset) : PIECE_SIZE;

                r = sqlite_written_reserve(&file->written);
                if (r == 0)
                        r = read_piece(file, offset, data, left);
                if (r == 0)
                        sqlite_written_note(&file->written, offset, data, left);
        }
        return r > 0 ? -EIO : r;
}

int sqlite_vfs_watch(sqlite3 *handle, int control, SqliteFile **ret_file) {
        sqlite3_file *base = NULL;
        SqliteFile *file;
        int r;

        if (sqlite3_file_control(handle, "main", control, &base) != SQLITE_OK || !base ||
                !base->pMethods)
                return -EINVAL;
        file = file_of(base);
        r = sqlite_place_read(file->path, &file->place);
        if (r == 0)
                r = read_all(file);
        if (r < 0)
                return r;
        file->is_watched = true;
        *ret_file = file;
        return 0;
}
