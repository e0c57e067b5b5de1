/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/login/process.h"

#define STAT_SIZE_MAX     4096u
#define FIELD_STATE       3u /* proc(5) counts from 1 */
#define FIELD_START_TIME  22u
#define BOOT_ID_PATH      "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_TEXT_SIZE 36u

/* The needed fields of /proc/PID/stat. */
typedef struct ProcessStat {
        char state;
        uint64_t start_time;
} ProcessStat;

static int read_text(const char *path, char *buffer, size_t size) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        ssize_t n;

        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        n = read(fd, buffer, size - 1);
        if (n < 0)
                return -errno;
        buffer[n] = '\0';
        return 0;
}

/* The second field is the program's name in parentheses, and may contain anything, also
 * parentheses. */
static char *find_field(char *text, unsigned int number) {
        char *field = strrchr(text, ')');

        for (unsigned int i = FIELD_STATE; field && i <= number; i++) {
                field = strchr(field, ' ');
                if (field)
                        field++;
        }
        return field;
}

static int parse_stat(char *text, ProcessStat *ret_stat) {
        char *state = find_field(text, FIELD_STATE);
        char *start_time = find_field(text, FIELD_START_TIME);
        ProcessStat stat;

        if (!state || !start_time)
                return -EBADMSG;
        start_time[strcspn(start_time, " \n")] = '\0';
        if (text_parse_u64(start_time, UINT64_MAX, &stat.start_time))
                return -EBADMSG;
        stat.state = *state;
        *ret_stat = stat;
        return 0;
}

static int read_stat(pid_t pid, ProcessStat *ret_stat) {
        char path[64], text[STAT_SIZE_MAX];
        int r;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        r = read_text(path, text, sizeof(text));
        return r < 0 ? r : parse_stat(text, ret_stat);
}

int process_id_of(pid_t pid, ProcessId *ret_id) {
        ProcessStat stat;
        int r;

        if (pid <= 0)
                return -ESRCH;
        r = read_stat(pid, &stat);
        if (r < 0)
                return r;
        *ret_id = (ProcessId){ .pid = pid, .start_time = stat.start_time };
        return 0;
}

/* "Uid:", a tab, then the real uid, before the other three. The name of the program is the first line,
 * and the kernel escapes a line feed in it. */
static int parse_real_uid(char *text, uid_t *ret_uid) {
        char *field = strstr(text, "\nUid:\t");
        uint64_t uid;

        if (!field)
                return -EBADMSG;
        field += strlen("\nUid:\t");
        field[strcspn(field, "\t\n")] = '\0';
        if (text_parse_u64(field, UINT32_MAX - 1, &uid))
                return -EBADMSG;
        *ret_uid = (uid_t)uid;
        return 0;
}

int process_real_uid(pid_t pid, uid_t *ret_uid) {
        char path[64], text[STAT_SIZE_MAX];
        int r;

        if (pid <= 0)
                return -ESRCH;
        snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        r = read_text(path, text, sizeof(text));
        return r < 0 ? r : parse_real_uid(text, ret_uid);
}

bool process_id_equal(const ProcessId *a, const ProcessId *b) {
        return a->pid == b->pid && a->start_time == b->start_time;
}

bool process_is_alive(const ProcessId *id) {
        ProcessStat stat;

        if (id->pid <= 0 || read_stat(id->pid, &stat) < 0)
                return false;
        return stat.start_time == id->start_time && stat.state != 'Z' && stat.state != 'X';
}

int process_watch(const ProcessId *id, int *ret_fd) {
        _cleanup_(closep) int fd = -1;

        if (id->pid <= 0)
                return -ESRCH;
        fd = (int)syscall(SYS_pidfd_open, id->pid, 0);
        if (fd < 0)
                return -errno;
        /* Checked after the pidfd was opened: before that the pid might have become another
         * process's. */
        if (!process_is_alive(id))
                return -ESRCH;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int process_boot_id(char ret_id[33]) {
        char text[64], id[33];
        size_t n = 0;
        int r;

        r = read_text(BOOT_ID_PATH, text, sizeof(text));
        if (r < 0)
                return r;
        for (size_t i = 0; i < BOOT_ID_TEXT_SIZE && text[i] && n < 32; i++)
                if (text[i] != '-')
                        id[n++] = text[i];
        if (n != 32)
                return -EBADMSG;
        id[n] = '\0';
        memcpy(ret_id, id, sizeof(id));
        return 0;
}
