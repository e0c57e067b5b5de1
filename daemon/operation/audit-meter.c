/* SPDX-License-Identifier: MIT */

#include "daemon/operation/audit-meter.h"

/* A window also ends if the clock steps back. */
static bool is_over(const AuditMeterRow *row, uint64_t now_sec) {
        return now_sec < row->begin_sec || now_sec - row->begin_sec >= AUDIT_METER_WINDOW_SEC;
}

/* A window that is over keeps its row until the lines left out were reported. */
static bool is_free(const AuditMeterRow *row, uint64_t now_sec) {
        return !row->is_used || (row->count.n_left_out == 0 && is_over(row, now_sec));
}

static AuditMeterRow *row_of(AuditMeter *meter, uid_t uid, uint64_t now_sec) {
        AuditMeterRow *row, *unused = NULL;

        for (row = meter->rows; row < meter->rows + AUDIT_METER_UIDS_MAX; row++) {
                if (row->is_used && row->count.uid == uid)
                        return row;
                if (!unused && is_free(row, now_sec))
                        unused = row;
        }
        /* The last row is shared by all who find no other. */
        if (!unused && row->is_used)
                return row;
        if (!unused)
                uid = AUDIT_METER_UID_MANY;
        else
                row = unused;
        *row = (AuditMeterRow){
                .begin_sec = now_sec,
                .count = { .uid = uid },
                .is_used = true,
        };
        return row;
}

bool audit_meter_take(AuditMeter *meter, uid_t uid, uint64_t now_sec) {
        AuditMeterRow *row = row_of(meter, uid, now_sec);

        if (row->count.n_left_out == 0 && is_over(row, now_sec)) {
                row->begin_sec = now_sec;
                row->n_lines = 0;
        }
        if (row->n_lines < AUDIT_METER_LINES_MAX) {
                row->n_lines++;
                return true;
        }
        row->count.n_left_out++;
        return false;
}

bool audit_meter_next(AuditMeter *meter, uint64_t now_sec, AuditMeterCount *ret_count) {
        for (size_t i = 0; i <= AUDIT_METER_UIDS_MAX; i++) {
                AuditMeterRow *row = &meter->rows[i];

                if (!row->is_used || row->count.n_left_out == 0 || !is_over(row, now_sec))
                        continue;
                *ret_count = row->count;
                row->is_used = false;
                return true;
        }
        return false;
}
