#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One question to polkit, asked without waiting. The subject is always the caller's unique name on the
 * bus: a pid may be another process's by the time polkit looks.
 */

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "common/cleanup.h"

typedef struct PolkitCall PolkitCall;

typedef enum PolkitAnswer {
        POLKIT_YES,
        POLKIT_NO,
        POLKIT_CHALLENGE, /* would ask for a password, but the caller did not allow that */
        POLKIT_ABSENT,    /* not there, or no answer in time: as good as no */
} PolkitAnswer;

/* Borrowed for the call of polkit_check() only. */
typedef struct PolkitQuestion {
        const char *action;
        const char *caller; /* unique name */
        const char *user;   /* whom it is about, for polkit's rules and the log; NULL: nobody */
        bool may_interact;  /* the caller can wait for somebody to type a password */
} PolkitQuestion;

typedef void (*PolkitDone)(PolkitCall *call, PolkitAnswer answer, void *userdata);

/**
 * polkit_check() - ask polkit whether a caller may do something
 * @bus:        referenced
 * @question:   borrowed
 * @done:       called once, never before this returns
 * @userdata:   for @done
 * @ret_call:   owned by the caller until @done has returned; freeing it silences @done and takes the
 *              question back, with the password dialogue that may be open for it
 *
 * Return: 0; negative errno.
 */
int polkit_check(sd_bus *bus, const PolkitQuestion *question, PolkitDone done, void *userdata,
        PolkitCall **ret_call);

/**
 * polkit_call_free() - forget a question
 * @call:       NULL is fine
 *
 * Return: NULL.
 */
PolkitCall *polkit_call_free(PolkitCall *call);
DEFINE_CLEANUP(PolkitCall, polkit_call_free)
