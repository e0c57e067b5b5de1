/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/journal/journal.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/operation/metrics.h"
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
        case AUDIT_RECORD_UNREADABLE:
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
        case AUDIT_REQUEST:
        case AUDIT_LEFT_OUT:
                break;
        case AUDIT_KEY_GENERATED:
        case AUDIT_KEY_ROTATED:
        case AUDIT_KEY_RETIRED:
                return record->reason == REASON_OK ? LOG_NOTICE : LOG_WARNING;
        case AUDIT_UNBAN:
        case AUDIT_UNLOCK:
                break;
        case AUDIT_BAN:
        case AUDIT_LOWER:
        case AUDIT_REVOKE_ALL:
                if (record->reason == REASON_OK)
                        return LOG_NOTICE;
                break;
        case AUDIT_BINDING:
        case AUDIT_LOCK_OUT:
        case AUDIT_RECORD_REPLACED:
                return LOG_WARNING;
        }
        return record->reason == REASON_OK ? LOG_INFO : LOG_WARNING;
}

static bool is_refusal(const AuditRecord *record) {
        return record->reason != REASON_OK && record->reason != REASON_RECORD_REPLACED &&
               record->event != AUDIT_RECORD_UNREADABLE && record->event != AUDIT_LOGIN_ENDED &&
               record->event != AUDIT_LOGIN_LEFT && record->event != AUDIT_RECONCILE &&
               record->event != AUDIT_LOCK_OUT && record->event != AUDIT_SESSION_END &&
               record->event != AUDIT_BINDING && record->event != AUDIT_HOOK &&
               record->event != AUDIT_LEFT_OUT;
}

static bool is_of_key(const AuditRecord *record) {
        return record->event == AUDIT_KEY_GENERATED || record->event == AUDIT_KEY_ROTATED ||
               record->event == AUDIT_KEY_RETIRED;
}

/* An order to end sessions that there are none of. */
static bool is_in_vain(const AuditRecord *record) {
        return record->count == 0 &&
               (record->event == AUDIT_REVOKE || record->event == AUDIT_KICK ||
                       record->event == AUDIT_LOGOUT);
}

/* Of all lines these are the most, and a format takes longer than what it says. */
static void join(char *text, size_t size, const char *const parts[3]) {
        size_t used = 0;

        for (size_t i = 0; i < 3; i++) {
                size_t part_size = strlen(parts[i]);

                if (part_size > size - used - 1)
                        part_size = size - used - 1;
                memcpy(text + used, parts[i], part_size);
                used += part_size;
        }
        text[used] = '\0';
}

/* "token issued for alice", but "key made: 3x7-pQ", and "call admitted: Reload". What an order found nothing
 * to do for does not read as if it had been done. */
static void compose(const AuditRecord *record, char *text, size_t size) {
        bool is_call = record->event == AUDIT_BUS_CALL && record->reason == REASON_OK;
        bool is_refused = is_refusal(record);
        const char *between = is_call || (is_of_key(record) && !is_refused) ? ": " : " for ";
        const char *whom = record->user ? record->user : "unknown user";

        if (record->event == AUDIT_REVOKE_ALL || record->event == AUDIT_ADOPTION_CONFIRMED)
                whom = "all users";
        if (is_call)
                whom = STRING_OR_EMPTY(record->service);
        if (is_of_key(record))
                whom = record->kid ? record->kid : "a new key";
        if (record->event == AUDIT_LEFT_OUT)
                snprintf(text, size, "%u more lines of uid %ju are not written", record->count,
                        (uintmax_t)record->uid);
        else if (record->event == AUDIT_KEYS_REFUSED)
                snprintf(text, size, "keys refused: %s", STRING_OR_EMPTY(record->note));
        else if (is_refused)
                snprintf(text, size, "%s%s%s refused: %s (%s)", events[record->event].name, between,
                        whom, reason_text(record->reason), reason_code(record->reason));
        else if (record->reason != REASON_OK)
                snprintf(text, size, "%s%s%s: %s", events[record->event].words, between, whom,
                        reason_text(record->reason));
        else if (is_in_vain(record) || (record->event == AUDIT_UNLOCK && record->count == 0))
                snprintf(
                        text, size, "%s for %s: there was none", events[record->event].words, whom);
        else
                join(text, size,
                        (const char *const[]){ events[record->event].words, between, whom });
}

/* Tokens do not come to this by themselves: somebody made one, or has somebody else's. */
static bool is_suspicious(const AuditRecord *record) {
        static const Reason reasons[] = {
                REASON_HEADER_CRITICAL,
                REASON_ALGORITHM_REFUSED,
                REASON_SIGNATURE_INVALID,
                REASON_USER_MISMATCH,
                REASON_HANDLE_MISMATCH,
                REASON_LOGIN_FOREIGN,
        };

        for (size_t i = 0; i < ARRAY_SIZE(reasons) && !is_of_key(record); i++)
                if (record->reason == reasons[i])
                        return true;
        return record->suspicious || record->event == AUDIT_LOCK_OUT ||
               record->event == AUDIT_REUSE || record->event == AUDIT_BINDING;
}

/* What comes about by an order over the bus only, and so has a uid that the bus vouches for. */
static bool is_of_bus(const AuditRecord *record) {
        static const AuditEvent of_bus[] = {
                AUDIT_BUS_CALL,
                AUDIT_LEFT_OUT,
                AUDIT_KEY_ROTATED,
                AUDIT_KEY_GENERATED,
                AUDIT_ISSUE,
                AUDIT_REFRESH,
                AUDIT_REUSE,
                AUDIT_REVOKE,
                AUDIT_REVOKE_ALL,
                AUDIT_LOWER,
                AUDIT_KICK,
                AUDIT_LOGOUT,
                AUDIT_BAN,
                AUDIT_UNBAN,
                AUDIT_UNLOCK,
                AUDIT_CODE_CREATED,
                AUDIT_ADOPTION_CONFIRMED,
                AUDIT_VALIDATE,
                AUDIT_RECORD_REPLACED,
        };

        for (size_t i = 0; i < ARRAY_SIZE(of_bus); i++)
                if (record->event == of_bus[i])
                        return true;
        return false;
}

static void count_record(Metrics *metrics, const AuditRecord *record) {
        metrics->n_events[record->event][record->reason]++;
        metrics->n_suspicious += is_suspicious(record);
        if (record->reason == REASON_OK)
                metrics->n_sessions[record->event] += record->count;
        if (!is_refusal(record))
                return;
        metrics->n_refusals++;
        metrics->last_refusal = record->reason;
        metrics->last_refused = record->event;
        metrics->last_refusal_sec = operation_now_sec();
}

void audit_count_only(Context *context, const AuditRecord *record) {
        count_record(context->metrics, record);
}

static void write_record(Context *context, const AuditRecord *record) {
        char message[512], pid[TEXT_U64_SIZE_MAX + 1] = "", uid[TEXT_U64_SIZE_MAX + 1] = "";
        char count[TEXT_U64_SIZE_MAX + 1] = "";
        bool suspicious = is_suspicious(record);
        int priority = priority_of(record);

        compose(record, message, sizeof(message));
        if (record->pid > 0)
                (void)text_format_u64((uint64_t)record->pid, pid);
        /* The bus vouches for a caller's uid, not for its pid. */
        if (record->pid > 0 || is_of_bus(record))
                (void)text_format_u64(record->uid, uid);
        if (record->count > 0)
                (void)text_format_u64(record->count, count);
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
                { "AUTHTOKEN_SUSPICIOUS", suspicious ? "1" : NULL },
        };
        if (suspicious && priority > LOG_WARNING)
                priority = LOG_WARNING;
        journal_send(context->journal, priority, message, fields, ARRAY_SIZE(fields));
}

void audit_tell_left_out(Context *context) {
        AuditMeterCount found;

        while (audit_meter_next(&context->metrics->meter, operation_now_sec(), &found))
                write_record(context, &(AuditRecord){
                                              .event = AUDIT_LEFT_OUT,
                                              .reason = REASON_TOO_MANY_REQUESTS,
                                              .uid = found.uid,
                                              .count = found.n_left_out > UINT_MAX
                                                               ? UINT_MAX
                                                               : (unsigned int)found.n_left_out,
                                      });
}

/* What any user of the host can cause as often as they like. A theft takes a live session each time, and must not
 * drown in what its thief asked before. */
static bool is_of_anybody(const AuditRecord *record) {
        if (record->uid == 0 || record->event == AUDIT_REUSE)
                return false;
        return is_refusal(record) || is_in_vain(record) || record->event == AUDIT_AUTHENTICATE ||
               record->event == AUDIT_ACCOUNT || record->event == AUDIT_VALIDATE;
}

void audit(Context *context, const AuditRecord *record) {
        Metrics *metrics = context->metrics;
        AuditRecord shown = *record;

        /* Somebody typed a token, or a password, where a name belongs. */
        if (record->user && !text_is_user_name(record->user, strlen(record->user)))
                shown.user = "(not a user name)";
        count_record(metrics, record);
        if (is_of_anybody(record)) {
                audit_tell_left_out(context);
                if (!audit_meter_take(&metrics->meter, record->uid, operation_now_sec())) {
                        metrics->n_left_out++;
                        return;
                }
        }
        write_record(context, &shown);
}

void audit_count(Context *context, AuditEvent event) {
        context->metrics->n_events[event][REASON_OK]++;
}

const char *audit_event_name(AuditEvent event) {
        return events[event].name;
}
