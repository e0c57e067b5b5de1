/* SPDX-License-Identifier: MIT */

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

#include "fault-vfs.h"

FaultVfs fault_vfs;

typedef struct FaultFile {
        sqlite3_file base;
        sqlite3_file *real; /* behind this struct */
} FaultFile;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static bool hold;

static sqlite3_vfs shim;
static sqlite3_vfs *real_vfs;

static bool takes_one(atomic_int *counter) {
        int n = atomic_load(counter);

        while (n > 0)
                if (atomic_compare_exchange_weak(counter, &n, n - 1))
                        return true;
        return false;
}

static sqlite3_file *real_of(sqlite3_file *file) {
        return ((FaultFile *)file)->real;
}

static int on_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset) {
        FaultMeddle meddle;

        if (takes_one(&fault_vfs.fail_writes))
                return atomic_load(&fault_vfs.write_code);
        meddle = atomic_exchange(&fault_vfs.meddle, NULL);
        if (meddle)
                meddle();
        return real_of(file)->pMethods->xWrite(real_of(file), data, size, offset);
}

static int on_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset) {
        if (takes_one(&fault_vfs.fail_reads))
                return SQLITE_IOERR_READ;
        return real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}

static int on_sync(sqlite3_file *file, int flags) {
        atomic_fetch_add(&fault_vfs.n_syncs, 1);
        pthread_mutex_lock(&mutex);
        atomic_fetch_add(&fault_vfs.n_held, hold);
        while (hold)
                pthread_cond_wait(&released, &mutex);
        atomic_store(&fault_vfs.n_held, 0);
        pthread_mutex_unlock(&mutex);
        if (takes_one(&fault_vfs.fail_syncs))
                return SQLITE_IOERR_FSYNC;
        return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int on_close(sqlite3_file *file) {
        return real_of(file)->pMethods->xClose(real_of(file));
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size) {
        return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int on_file_size(sqlite3_file *file, sqlite3_int64 *size) {
        return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int on_lock(sqlite3_file *file, int level) {
        return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int on_unlock(sqlite3_file *file, int level) {
        return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int on_check_lock(sqlite3_file *file, int *result) {
        return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int on_control(sqlite3_file *file, int operation, void *argument) {
        return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int on_sector_size(sqlite3_file *file) {
        return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int on_characteristics(sqlite3_file *file) {
        return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* Version 1: without shared memory, which a file that is locked exclusively does not use. */
static const sqlite3_io_methods methods = {
        .iVersion = 1,
        .xClose = on_close,
        .xRead = on_read,
        .xWrite = on_write,
        .xTruncate = on_truncate,
        .xSync = on_sync,
        .xFileSize = on_file_size,
        .xLock = on_lock,
        .xUnlock = on_unlock,
        .xCheckReservedLock = on_check_lock,
        .xFileControl = on_control,
        .xSectorSize = on_sector_size,
        .xDeviceCharacteristics = on_characteristics,
};

static int on_open(
        sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *ret_flags) {
        FaultFile *ours = (FaultFile *)file;
        int r;

        (void)vfs;
        ours->real = (sqlite3_file *)(ours + 1);
        r = real_vfs->xOpen(real_vfs, name, ours->real, flags, ret_flags);
        ours->base.pMethods = ours->real->pMethods ? &methods : NULL;
        return r;
}

void fault_vfs_install(void) {
        real_vfs = sqlite3_vfs_find(NULL);
        shim = *real_vfs;
        shim.pNext = NULL;
        shim.zName = "fault";
        shim.szOsFile = (int)sizeof(FaultFile) + real_vfs->szOsFile;
        shim.xOpen = on_open;
        sqlite3_vfs_register(&shim, 1);
}

static void set_hold(bool value) {
        pthread_mutex_lock(&mutex);
        hold = value;
        pthread_cond_broadcast(&released);
        pthread_mutex_unlock(&mutex);
}

void fault_vfs_hold_syncs(void) {
        set_hold(true);
}

void fault_vfs_release_syncs(void) {
        set_hold(false);
}
