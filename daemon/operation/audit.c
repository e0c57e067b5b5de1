/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "daemon/journal/journal.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/operation/operation.h"

static const struct {
        const char *name, *message_id, *words;
} events[] = {
#define X(symbol, name, id, words) [AUDIT_##symbol] = { name, id, words },
        AUDIT_EVENTS(X)
#undef X
};

static int priority_of(const AuditRecord *record) {
        switch (record->event) {
        case AUDIT_ACCOUNT:
        case AUDIT_VALIDATE:
                if (record->reason == REASON_OK)
                        return LOG_DEBUG;
                break;
        case AUDIT_LOGIN_ENDED:
                return LOG_NOTICE;
        case AUDIT_SESSION_END:
                return LOG_INFO;
        case AUDIT_LOGIN_LEFT:
        case AUDIT_REUSE:
                return LOG_ERR;
        case AUDIT_AUTHENTICATE:
        case AUDIT_LIVE_SESSION:
        case AUDIT_OPEN:
        case AUDIT_CLOSE:
        case AUDIT_ISSUE:
        case AUDIT_ADOPT:
        case AUDIT_ADOPTION_CONFIRMED:
        case AUDIT_REFRESH:
        case AUDIT_REVOKE:
        case AUDIT_KICK:
        case AUDIT_LOGOUT:
        case AUDIT_RECONCILE:
        case AUDIT_BUS_CALL:
        case AUDIT_CODE_CREATED:
        case AUDIT_CODE_USED:
        case AUDIT_KEYS_REFUSED:
        case AUDIT_HOOK:
                break;
        case AUDIT_KEY_GENERATED:
        case AUDIT_KEY_ROTATED:
        case AUDIT_KEY_RETIRED:
                return record->reason == REASON_OK ? LOG_NOTICE : LOG_WARNING;
        case AUDIT_UNBAN:
                break;
        case AUDIT_BAN:
        case AUDIT_REVOKE_ALL:
                if (record->reason == REASON_OK)
                        return LOG_NOTICE;
                break;
        case AUDIT_BINDING:
        case AUDIT_LOCK_OUT:
                return LOG_WARNING;
        }
        return record->reason == REASON_OK ? LOG_INFO : LOG_WARNING;
}

static bool is_refusal(const AuditRecord *record) {
        return record->reason != REASON_OK && record->event != AUDIT_LOGIN_ENDED &&
               record->event != AUDIT_LOGIN_LEFT && record->event != AUDIT_RECONCILE &&
               record->event != AUDIT_LOCK_OUT && record->event != AUDIT_SESSION_END &&
               record->event != AUDIT_BINDING && record->event != AUDIT_HOOK;
}

static bool is_of_key(const AuditRecord *record) {
        return record->event == AUDIT_KEY_GENERATED || record->event == AUDIT_KEY_ROTATED ||
               record->event == AUDIT_KEY_RETIRED;
}

/* "token issued for alice", but "key made: 3x7-pQ". */
static void compose(const AuditRecord *record, char *text, size_t size) {
        const char *between = is_of_key(record) ? ": " : " for ";
        const char *whom = record->user ? record->user : "unknown user";

        if (record->event == AUDIT_REVOKE_ALL)
                whom = "all users";
        if (is_of_key(record))
                whom = record->kid ? record->kid : "a new key";
        if (record->event == AUDIT_KEYS_REFUSED)
                snprintf(text, size, "keys refused: %s", STRING_OR_EMPTY(record->note));
        else if (is_refusal(record))
                snprintf(text, size, "%s%s%s refused: %s (%s)", events[record->event].name, between,
                        whom, reason_text(record->reason), reason_code(record->reason));
        else if (record->reason != REASON_OK)
                snprintf(text, size, "%s%s%s: %s", events[record->event].words, between, whom,
                        reason_text(record->reason));
        else
                snprintf(text, size, "%s%s%s", events[record->event].words, between, whom);
}

static bool is_of_bus(const AuditRecord *record) {
        return record->event == AUDIT_BUS_CALL || record->event == AUDIT_KEY_ROTATED ||
               record->event == AUDIT_KEY_GENERATED;
}

/* What any user of the host can cause as often as they like. */
static bool is_of_anybody(const AuditRecord *record) {
        return record->uid != 0 &&
               (record->event == AUDIT_AUTHENTICATE || record->event == AUDIT_ACCOUNT ||
                       record->event == AUDIT_VALIDATE || record->event == AUDIT_BUS_CALL);
}

void audit_count_only(Context *context, Reason reason) {
        context->n_refusals++;
        context->last_refusal = reason;
}

void audit(Context *context, const AuditRecord *record) {
        char message[512], pid[16] = "", uid[16] = "", count[16] = "", suppressed[24] = "";
        uint64_t n_suppressed = 0;

        if (is_refusal(record)) {
                audit_count_only(context, record->reason);
        } else if (record->event == AUDIT_OPEN) {
                context->n_logins++;
        }
        if (is_of_anybody(record) && !audit_budget_take(&context->audit_budget, record->uid,
                                             operation_now_sec(), &n_suppressed))
                return;
        compose(record, message, sizeof(message));
        if (record->pid > 0)
                snprintf(pid, sizeof(pid), "%" PRIdMAX, (intmax_t)record->pid);
        /* The bus vouches for a caller's uid, not for its pid. */
        if (record->pid > 0 || is_of_bus(record))
                snprintf(uid, sizeof(uid), "%" PRIuMAX, (uintmax_t)record->uid);
        if (record->count > 0)
                snprintf(count, sizeof(count), "%u", record->count);
        if (n_suppressed > 0)
                snprintf(suppressed, sizeof(suppressed), "%" PRIu64, n_suppressed);
        const JournalField fields[] = {
                { "MESSAGE_ID", events[record->event].message_id },
                { "AUTHTOKEN_EVENT", events[record->event].name },
                { "AUTHTOKEN_REASON", reason_code(record->reason) },
                { "AUTHTOKEN_USER", record->user },
                { "AUTHTOKEN_TARGET", record->target },
                { "AUTHTOKEN_SESSION", record->sid },
                { "AUTHTOKEN_SERVICE", record->service },
                { "AUTHTOKEN_TTY", record->tty },
                { "AUTHTOKEN_RHOST", record->rhost },
                { "AUTHTOKEN_LOGIND_SESSION", record->logind_id },
                { "AUTHTOKEN_NOTE", record->note },
                { "AUTHTOKEN_KEY", record->kid },
                { "AUTHTOKEN_PEER_PID", *pid ? pid : NULL },
                { "AUTHTOKEN_PEER_UID", *uid ? uid : NULL },
                { "AUTHTOKEN_COUNT", *count ? count : NULL },
                { "AUTHTOKEN_SUPPRESSED", *suppressed ? suppressed : NULL },
        };
        journal_send(context->journal, priority_of(record), message, fields, ARRAY_SIZE(fields));
}
