/* SPDX-License-Identifier: MIT */
#include "daemon/keys/key-task.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "common/text.h"

struct KeyTask {
        KeyTaskOrder order; /* its texts are owned */
        KeyTaskResult result;
        KeyTaskDone done;
        void *userdata;
        pthread_t thread;
        bool has_thread;
        int finished_fd; /* eventfd */
        sd_event_source *finished;
};

static void *run(void *userdata) {
        KeyTask *task = userdata;
        KeyTaskResult *result = &task->result;
        uint64_t one = 1;

        switch (task->order.kind) {
        case KEY_TASK_ROTATE:
                result->r = key_rotate(&task->order.rules, &task->order.rotation, result->kid,
                        &result->keyring, &result->fault);
                break;
        case KEY_TASK_RETIRE:
                result->r = key_retire(
                        &task->order.rules, result->kid, &result->removed, &result->fault);
                break;
        }
        /* An eventfd takes its first write. */
        if (write(task->finished_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
                result->r = -EIO;
        return NULL;
}

static int on_finished(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        KeyTask *task = userdata;

        (void)source;
        (void)fd;
        (void)events;
        (void)sd_event_source_set_enabled(task->finished, SD_EVENT_OFF);
        (void)pthread_join(task->thread, NULL);
        task->has_thread = false;
        task->done(task, &task->result, task->userdata);
        return 0;
}

static int copy_order(KeyTask *task, const KeyTaskOrder *order) {
        KeyTaskOrder copy = *order;
        const char **texts[] = { &copy.rules.directory, &copy.rules.credential,
                &copy.rules.refresh_credential, &copy.rules.signing_kid, &copy.rules.refresh_kid,
                &copy.rotation.kid };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                int copied = text_copy(*texts[i], (char **)texts[i]);

                r = r ? r : copied;
        }
        /* The first keys are never generated here. */
        copy.rules.generate = NULL;
        copy.rules.generate_refresh = false;
        task->order = copy;
        return r;
}

/* The loop's thread takes all signals. */
static int start_thread(KeyTask *task) {
        sigset_t all, before;
        int r;

        sigfillset(&all);
        if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
                return -EINVAL;
        r = pthread_create(&task->thread, NULL, run, task);
        task->has_thread = r == 0;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        return -r;
}

int key_task_start(sd_event *event, const KeyTaskOrder *order, KeyTaskDone done, void *userdata,
        KeyTask **ret_task) {
        _cleanup_(key_task_freep) KeyTask *task = calloc(1, sizeof(*task));
        int r;

        if (!task)
                return -ENOMEM;
        task->done = done;
        task->userdata = userdata;
        task->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (task->finished_fd < 0)
                return -errno;
        r = copy_order(task, order);
        if (r >= 0)
                r = sd_event_add_io(
                        event, &task->finished, task->finished_fd, EPOLLIN, on_finished, task);
        if (r >= 0)
                r = start_thread(task);
        if (r < 0)
                return r;
        *ret_task = TAKE_PTR(task);
        return 0;
}

KeyTask *key_task_free(KeyTask *task) {
        if (!task)
                return NULL;
        if (task->has_thread)
                (void)pthread_join(task->thread, NULL);
        sd_event_source_unref(task->finished);
        if (task->finished_fd >= 0)
                close(task->finished_fd);
        keyring_unref(task->result.keyring);
        free((char *)task->order.rules.directory);
        free((char *)task->order.rules.credential);
        free((char *)task->order.rules.refresh_credential);
        free((char *)task->order.rules.signing_kid);
        free((char *)task->order.rules.refresh_kid);
        free((char *)task->order.rotation.kid);
        free(task);
        return NULL;
}
