#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Rows of bus-method.h for the verbs of exclusion-verbs.h.
 */

#include "daemon/front/bus-request.h"

/**
 * bus_exclusion_start_revoke_before() - RevokeBefore
 * @request:    authorised
 *
 * Return: as BusMethod.start; so do the others.
 */
int bus_exclusion_start_revoke_before(BusRequest *request);

/**
 * bus_exclusion_start_lower_before() - LowerBefore
 * @request:    authorised
 *
 * Return: 0; negative errno.
 */
int bus_exclusion_start_lower_before(BusRequest *request);

/**
 * bus_exclusion_start_revoke_all() - RevokeAll
 * @request:    authorised
 */
int bus_exclusion_start_revoke_all(BusRequest *request);

/**
 * bus_exclusion_start_ban() - BanUser
 * @request:    authorised
 */
int bus_exclusion_start_ban(BusRequest *request);

/**
 * bus_exclusion_start_unban() - UnbanUser
 * @request:    authorised
 */
int bus_exclusion_start_unban(BusRequest *request);

/**
 * bus_exclusion_start_list() - ListBans
 * @request:    authorised
 */
int bus_exclusion_start_list(BusRequest *request);

/**
 * bus_exclusion_start_lift() - LiftLockOut
 * @request:    authorised
 */
int bus_exclusion_start_lift(BusRequest *request);

/**
 * bus_exclusion_start_list_lock_outs() - ListLockOuts
 * @request:    authorised
 */
int bus_exclusion_start_list_lock_outs(BusRequest *request);

/**
 * bus_exclusion_reply_lifted() - how many LiftLockOut has lifted
 * @reply:      grows
 * @result:     its number
 *
 * Return: as BusMethod.reply.
 */
int bus_exclusion_reply_lifted(sd_bus_message *reply, const OperationResult *result);

/**
 * bus_exclusion_reply_lock_outs() - what ListLockOuts found, as aa{sv}
 * @reply:      grows
 * @result:     its lock-outs
 *
 * Return: as BusMethod.reply; -E2BIG above BUS_REPLY_MAX.
 */
int bus_exclusion_reply_lock_outs(sd_bus_message *reply, const OperationResult *result);

/**
 * bus_exclusion_reply_bans() - what ListBans found, as aa{sv}
 * @reply:      grows
 * @result:     its bans
 *
 * Return: as BusMethod.reply; -E2BIG above BUS_REPLY_MAX.
 */
int bus_exclusion_reply_bans(sd_bus_message *reply, const OperationResult *result);
