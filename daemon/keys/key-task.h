#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A change of the key directory in a thread of its own: the loop waits neither for the disk nor for the
 * primes of an RSA key.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "common/cleanup.h"
#include "daemon/token/key-rotation.h"

typedef struct KeyTask KeyTask;

typedef enum KeyTaskKind {
        KEY_TASK_ROTATE,
        KEY_TASK_RETIRE,
} KeyTaskKind;

/* What to do. Borrowed for the call of key_task_start(). */
typedef struct KeyTaskOrder {
        KeyTaskKind kind;
        KeyDirectoryRules rules;
        KeyRotation rotation; /* KEY_TASK_ROTATE */
} KeyTaskOrder;

/* The result. */
typedef struct KeyTaskResult {
        int r; /* of key_rotate() or key_retire() */
        char kid[KEY_KID_MAX + 1];
        Keyring *keyring; /* KEY_TASK_ROTATE: one reference that the receiver may take */
        bool removed;     /* KEY_TASK_RETIRE */
        KeyFault fault;
} KeyTaskResult;

typedef void (*KeyTaskDone)(KeyTask *task, KeyTaskResult *result, void *userdata);

/**
 * key_task_start() - begin
 * @event:      loop
 * @order:      copied
 * @done:       called exactly once, never before this returns, unless the task is freed before
 * @userdata:   for @done
 * @ret_task:   owned by the caller; may be freed inside @done
 *
 * Return: 0; negative errno.
 */
int key_task_start(sd_event *event, const KeyTaskOrder *order, KeyTaskDone done, void *userdata,
        KeyTask **ret_task);

/**
 * key_task_free() - wait for the thread and free
 * @task:       NULL is fine
 *
 * A change that was begun is finished, without a completion.
 * Return: NULL.
 */
KeyTask *key_task_free(KeyTask *task);
DEFINE_CLEANUP(KeyTask, key_task_free)
