/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "daemon/journal/journal.h"
#include "daemon/operation/audit-meter.h"
#include "daemon/operation/audit.h"
#include "daemon/operation/context.h"
#include "daemon/operation/metrics.h"
#include "daemon/operation/operation.h"

/* Properties of an event, in its row of AUDIT_EVENTS. */
typedef enum AuditFlag {
        OF_BUS = 1 << 0, /* comes about by an order over the bus only, which vouches for its uid */
        OF_KEY = 1 << 1, /* about a key, not a user */
        OF_ALL_USERS = 1 << 2, /* about all of them */
        OF_ANYBODY = 1 << 3,   /* any user of the host can cause it as often as they like */
        COUNTED = 1 << 4,      /* an order, which may find nothing to do */
        NO_REFUSAL = 1 << 5,   /* its reason says why it came about: nobody was refused anything */
        SUSPICIOUS = 1 << 6,   /* whatever its reason */
} AuditFlag;

static const struct {
        const char *name, *message_id, *words;
        int priority, refused_priority;
        unsigned int flags; /* AuditFlag */
} events[] = {
#define X(symbol, name, id, words, priority, refused, flags) \
        [AUDIT_##symbol] = { name, id, words, priority, refused, flags },
        AUDIT_EVENTS(X)
#undef X
};

static bool has(const AuditRecord *record, AuditFlag flag) {
        return events[record->event].flags & flag;
}

static int priority_of(const AuditRecord *record) {
        return record->reason == REASON_OK ? events[record->event].priority
                                           : events[record->event].refused_priority;
}

static bool is_refusal(const AuditRecord *record) {
        return record->reason != REASON_OK && record->reason != REASON_RECORD_REPLACED &&
               !has(record, NO_REFUSAL);
}

static bool is_in_vain(const AuditRecord *record) {
        return has(record, COUNTED) && record->count == 0;
}

/* Most lines are of this kind, and printf-like formatting takes too long. */
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

/* "token issued for alice", but "key made: 3x7-pQ", and "call admitted: Reload". An order that found
 * nothing to do must not read as if it had been carried out. */
static void compose(const AuditRecord *record, char *text, size_t size) {
        bool is_call = record->event == AUDIT_BUS_CALL && record->reason == REASON_OK;
        bool is_refused = is_refusal(record);
        const char *between = is_call || (has(record, OF_KEY) && !is_refused) ? ": " : " for ";
        const char *whom = record->user ? record->user : "unknown user";

        if (has(record, OF_ALL_USERS))
                whom = "all users";
        if (is_call)
                whom = STRING_OR_EMPTY(record->service);
        if (has(record, OF_KEY))
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
        else if (is_in_vain(record))
                snprintf(
                        text, size, "%s for %s: there was none", events[record->event].words, whom);
        else
                join(text, size,
                        (const char *const[]){ events[record->event].words, between, whom });
}

/* These do not happen by accident: somebody forged a token, or has somebody else's. */
static bool is_suspicious(const AuditRecord *record) {
        static const Reason reasons[] = {
                REASON_HEADER_CRITICAL,
                REASON_ALGORITHM_REFUSED,
                REASON_SIGNATURE_INVALID,
                REASON_USER_MISMATCH,
                REASON_HANDLE_MISMATCH,
                REASON_LOGIN_FOREIGN,
        };

        for (size_t i = 0; i < ARRAY_SIZE(reasons) && !has(record, OF_KEY); i++)
                if (record->reason == reasons[i])
                        return true;
        return record->suspicious || has(record, SUSPICIOUS);
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
        if (record->pid > 0 || has(record, OF_BUS))
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

        while (audit_meter_next(context->meter, operation_now_sec(), &found))
                write_record(context, &(AuditRecord){
                                              .event = AUDIT_LEFT_OUT,
                                              .reason = REASON_TOO_MANY_REQUESTS,
                                              .uid = found.uid,
                                              .count = found.n_left_out > UINT_MAX
                                                               ? UINT_MAX
                                                               : (unsigned int)found.n_left_out,
                                      });
}

/* Events that any user of the host can cause as often as they like; orders only while they find nothing. A
 * theft is none of them: it ends a live session each time, and must not be lost among the thief's earlier
 * requests. */
static bool is_of_anybody(const AuditRecord *record) {
        if (record->uid == 0 || has(record, SUSPICIOUS))
                return false;
        return is_refusal(record) ||
               (has(record, OF_ANYBODY) && (is_in_vain(record) || !has(record, COUNTED)));
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
                if (!audit_meter_take(context->meter, record->uid, operation_now_sec())) {
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
