/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>

#include "cli/askpass-part.h"
#include "cli/askpass-prompt.h"

#define PREFIX_MAX sizeof("authtoken:64/64:")

int askpass_part(const Secret *token, size_t size_max, AskpassPart wanted, Secret **ret_answer) {
        size_t step = size_max - PREFIX_MAX, n_parts = (token->size + step - 1) / step;
        _cleanup_(secret_freep) Secret *answer = NULL;
        char prefix[64];
        size_t begin;
        int r;

        if (wanted.part == 0 && token->size <= size_max)
                return secret_new(token->data, token->size, ret_answer);
        if (n_parts > ASKPASS_PARTS_MAX)
                return ASKPASS_PART_E_TOO_LONG;
        if (wanted.part == 0)
                wanted = (AskpassPart){ 1, (unsigned int)n_parts };
        if (wanted.n_parts != n_parts || wanted.part > n_parts || token->size <= size_max)
                return ASKPASS_PART_E_OTHER;
        begin = (wanted.part - 1) * step;
        snprintf(prefix, sizeof(prefix), "authtoken:%u/%u:", wanted.part, wanted.n_parts);
        r = secret_new(prefix, strlen(prefix), &answer);
        if (r == 0)
                r = secret_append(answer, token->data + begin,
                        token->size - begin < step ? token->size - begin : step);
        if (r == 0)
                *ret_answer = TAKE_PTR(answer);
        return r;
}
