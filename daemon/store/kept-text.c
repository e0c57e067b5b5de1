/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/store/kept-text.h"

#define STACK_SIZE (128u * 1024u)

struct KeptText {
        char *paths[KEPT_TEXT_FILES];
        pthread_t thread;
        bool running;
        pthread_mutex_t mutex; /* for what follows */
        pthread_cond_t changed;
        char text[KEPT_TEXT_MAX + 1];
        bool is_new, stop;
        int error;
};

int kept_text_new(const char *const paths[KEPT_TEXT_FILES], KeptText **ret_kept) {
        _cleanup_(kept_text_freep) KeptText *kept = calloc(1, sizeof(*kept));

        if (!kept)
                return -ENOMEM;
        pthread_mutex_init(&kept->mutex, NULL);
        pthread_cond_init(&kept->changed, NULL);
        for (size_t i = 0; i < KEPT_TEXT_FILES; i++) {
                kept->paths[i] = strdup(paths[i]);
                if (!kept->paths[i])
                        return -ENOMEM;
        }
        *ret_kept = TAKE_PTR(kept);
        return 0;
}

static int write_all(int fd, const char *text, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, text, size);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        text += n;
                        size -= (size_t)n;
                }
        }
        return fsync(fd) < 0 ? -errno : 0;
}

static int sync_directory(const char *path) {
        _cleanup_(freep) char *directory = strdup(path);
        _cleanup_(closep) int fd = -1;
        char *slash = directory ? strrchr(directory, '/') : NULL;

        if (!slash)
                return directory ? -EINVAL : -ENOMEM;
        slash[slash == directory] = '\0';
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static char *join(const char *a, const char *b) {
        char *text;

        return asprintf(&text, "%s%s", a, b) < 0 ? NULL : text;
}

static int write_file(const char *path, const char *text) {
        _cleanup_(freep) char *next = join(path, ".new"), *line = join(text, "\n");
        _cleanup_(closep) int fd = -1;
        int r;

        if (!next || !line)
                return -ENOMEM;
        fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, line, strlen(line));
        if (r == 0 && rename(next, path) < 0)
                r = -errno;
        return r < 0 ? r : sync_directory(path);
}

static void *work(void *userdata) {
        char text[KEPT_TEXT_MAX + 1];
        KeptText *kept = userdata;

        pthread_mutex_lock(&kept->mutex);
        for (;;) {
                int error = 0;

                while (!kept->is_new && !kept->stop)
                        pthread_cond_wait(&kept->changed, &kept->mutex);
                if (!kept->is_new)
                        break;
                memcpy(text, kept->text, sizeof(text));
                kept->is_new = false;
                pthread_mutex_unlock(&kept->mutex);
                for (size_t i = 0; i < KEPT_TEXT_FILES; i++) {
                        int r = write_file(kept->paths[i], text);

                        error = error ? error : r;
                }
                pthread_mutex_lock(&kept->mutex);
                kept->error = error;
        }
        pthread_mutex_unlock(&kept->mutex);
        return NULL;
}

/* The thread blocks all signals: they belong to the loop. */
static int start_thread(KeptText *kept) {
        pthread_attr_t attributes;
        sigset_t all, before;
        int r;

        if (kept->running)
                return 0;
        sigfillset(&all);
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, STACK_SIZE);
        pthread_sigmask(SIG_BLOCK, &all, &before);
        r = pthread_create(&kept->thread, &attributes, work, kept);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        kept->running = r == 0;
        return -r;
}

int kept_text_set(KeptText *kept, const char *text) {
        int r;

        if (strlen(text) > KEPT_TEXT_MAX)
                return -EMSGSIZE;
        r = start_thread(kept);
        if (r < 0)
                return r;
        pthread_mutex_lock(&kept->mutex);
        memcpy(kept->text, text, strlen(text) + 1);
        kept->is_new = true;
        pthread_cond_signal(&kept->changed);
        pthread_mutex_unlock(&kept->mutex);
        return 0;
}

int kept_text_error(KeptText *kept) {
        int error;

        pthread_mutex_lock(&kept->mutex);
        error = kept->error;
        pthread_mutex_unlock(&kept->mutex);
        return error;
}

int kept_text_read(const char *path, char text[KEPT_TEXT_MAX + 1]) {
        _cleanup_(closep) int fd =
                open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        char buffer[KEPT_TEXT_MAX + 2];
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = read(fd, buffer, sizeof(buffer));
        if (n < 0)
                return -errno;
        if (n == 0 || (size_t)n > KEPT_TEXT_MAX + 1 || buffer[n - 1] != '\n' ||
                memchr(buffer, '\0', (size_t)n))
                return -EBADMSG;
        memcpy(text, buffer, (size_t)n - 1);
        text[n - 1] = '\0';
        return 0;
}

KeptText *kept_text_free(KeptText *kept) {
        if (!kept)
                return NULL;
        pthread_mutex_lock(&kept->mutex);
        kept->stop = true;
        pthread_cond_signal(&kept->changed);
        pthread_mutex_unlock(&kept->mutex);
        if (kept->running)
                pthread_join(kept->thread, NULL);
        pthread_cond_destroy(&kept->changed);
        pthread_mutex_destroy(&kept->mutex);
        for (size_t i = 0; i < KEPT_TEXT_FILES; i++)
                free(kept->paths[i]);
        free(kept);
        return NULL;
}
