/* SPDX-License-Identifier: MIT */

#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base64url.h"
#include "pam/transaction.h"

#define DATA_NAME "authtoken_transaction"

static void transaction_free(pam_handle_t *pamh, void *data, int error_status) {
        (void)pamh;
        (void)error_status;
        free(data);
}

int pamtok_transaction_get(const PamtokCall *call, PamtokTransaction **ret_transaction) {
        PamtokTransaction *transaction;
        const void *data;
        int r;

        r = pam_get_data(call->pamh, DATA_NAME, &data);
        if (r == PAM_SUCCESS && data) {
                /* libpam returns its data as const; this module put it there and may change it. */
                *ret_transaction = (PamtokTransaction *)data;
                return PAM_SUCCESS;
        }

        transaction = calloc(1, sizeof(*transaction));
        if (!transaction)
                return PAM_BUF_ERR;

        r = pam_set_data(call->pamh, DATA_NAME, transaction, transaction_free);
        if (r != PAM_SUCCESS) {
                free(transaction);
                return r;
        }

        *ret_transaction = transaction;
        return PAM_SUCCESS;
}

void pamtok_transaction_hide(const PamtokCall *call) {
        /* Check first, since libpam logs an error when there is nothing to delete. */
        if (pam_getenv(call->pamh, PAMTOK_HANDLE_VARIABLE))
                (void)pam_putenv(call->pamh, PAMTOK_HANDLE_VARIABLE);
}

void pamtok_transaction_restart(const PamtokCall *call, PamtokTransaction *transaction) {
        *transaction = (PamtokTransaction){ .began = true };
        pamtok_transaction_hide(call);
}

int pamtok_transaction_accept(
        const PamtokCall *call, PamtokTransaction *transaction, const char *handle) {
        char variable[sizeof(PAMTOK_HANDLE_VARIABLE "=") + IPC_HANDLE_SIZE];
        int r;

        snprintf(variable, sizeof(variable), "%s=%s", PAMTOK_HANDLE_VARIABLE, handle);
        r = pam_putenv(call->pamh, variable);
        if (r != PAM_SUCCESS)
                return r;

        snprintf(transaction->handle, sizeof(transaction->handle), "%s", handle);
        return PAM_SUCCESS;
}

static const char *environment_handle(const PamtokCall *call) {
        const char *value = pam_getenv(call->pamh, PAMTOK_HANDLE_VARIABLE);

        if (!value || strlen(value) != IPC_HANDLE_SIZE ||
                !base64url_is_text(value, IPC_HANDLE_SIZE))
                return NULL;

        return value;
}

void pamtok_transaction_confirm(PamtokTransaction *transaction) {
        if (transaction->began)
                transaction->settled = true;
}

void pamtok_transaction_settle(const PamtokCall *call, PamtokTransaction *transaction) {
        const char *handle = environment_handle(call);

        if (transaction->settled)
                return;

        transaction->settled = true;
        if (handle)
                memcpy(transaction->handle, handle, IPC_HANDLE_SIZE + 1);
}

const char *pamtok_transaction_handle(
        const PamtokCall *call, const PamtokTransaction *transaction) {
        if (!transaction->began && !transaction->settled)
                return environment_handle(call);

        return transaction->handle[0] != '\0' ? transaction->handle : NULL;
}
