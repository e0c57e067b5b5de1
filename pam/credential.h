#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What somebody typed at the prompt. The module looks at the form only: a token must go to the
 * daemon, a password must never leave the module. The daemon decides whether a token is good.
 */

#include <stddef.h>
#include <stdint.h>

#define PAMTOK_PARTS_MAX 64u

typedef enum PamtokForm {
        PAMTOK_FORM_PASSWORD, /* nothing of the below */
        PAMTOK_FORM_TOKEN,    /* three base64url parts; the first decodes to {…} (RFC 7519 §3) */
        PAMTOK_FORM_CODE,     /* at-XXXXX-XXXXX, or at- and 26 characters; Crockford's base32 */
        PAMTOK_FORM_CUT,      /* a token without its end, exactly as long as some prompt allows */
        PAMTOK_FORM_PART,     /* authtoken:1/3:… of a token too long for one answer */
} PamtokForm;

/* All pieces are borrowed from the text. */
typedef struct PamtokCredential {
        PamtokForm form;
        const char *data; /* without white space around it, unless a password */
        size_t size;
        uint32_t part, n_parts; /* PAMTOK_FORM_PART: counted from 1; part 0: a lie */
} PamtokCredential;

/**
 * pamtok_credential_cutter() - the programs that cut answers at this size
 * @size:       characters of an answer
 *
 * Return: static text for a person; NULL: an answer of this size was not cut.
 */
const char *pamtok_credential_cutter(size_t size);

/**
 * pamtok_credential_classify() - tell a token from a password
 * @text:       the answer; need not end with NUL
 * @size:       characters
 *
 * A token that was pasted with white space around it is still a token: as a password it would be
 * sent to wherever passwords are checked.
 */
PamtokCredential pamtok_credential_classify(const char *text, size_t size);
