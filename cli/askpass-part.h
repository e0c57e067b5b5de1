#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A token in answers that are short enough for the program that asks: "authtoken:1/3:" and the first third, and
 * so on. A call knows nothing of the one before, so the split depends on the token and the limit alone.
 */

#include <stddef.h>

#include "common/secret.h"

/* Less than the programs can pass on (1023 and 511), since an answer of exactly that size counts as
 * cut. */
#define ASKPASS_ANSWER_SSH_MAX  1000u
#define ASKPASS_ANSWER_SUDO_MAX 500u

/* Which part is asked for. */
typedef struct AskpassPart {
        unsigned int part, n_parts; /* 0: the whole token or the first part */
} AskpassPart;

enum {
        ASKPASS_PART_E_TOO_LONG = 1, /* more than ASKPASS_PARTS_MAX parts */
        ASKPASS_PART_E_OTHER,        /* this token is not split so */
};

/**
 * askpass_part() - the answer to one question
 * @token:      borrowed
 * @size_max:   of an answer; ASKPASS_ANSWER_…
 * @wanted:     which part
 * @ret_answer: owned by the caller
 *
 * Return: 0; ASKPASS_PART_E_*; -ENOMEM.
 */
int askpass_part(const Secret *token, size_t size_max, AskpassPart wanted, Secret **ret_answer);
