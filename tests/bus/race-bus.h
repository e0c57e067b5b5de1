#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Several connections to a private bus, and calls of authtokend that are under way on them. Whatever fails
 * ends the program.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define RACE_BUSES      10u
#define RACE_TURN_USEC  (UINT64_C(30) * 1000000)
#define RACE_REASON_MAX 64u

/* What a call was answered with; for RefreshToken and IssueToken the tokens. */
typedef struct Answer {
        bool done;
        char reason[RACE_REASON_MAX]; /* "" if it went well */
        char *access, *refresh;
} Answer;

extern sd_event *race_event;
extern sd_bus *race_buses[RACE_BUSES];

/**
 * race_connect() - open all connections
 * @address:    of the bus
 */
void race_connect(const char *address);

/**
 * race_disconnect() - close them
 */
void race_disconnect(void);

/**
 * race_ask() - start a call
 * @bus:        one of race_buses
 * @method:     IssueToken, RefreshToken, ValidateToken or RevokeSession
 * @first:      its first argument; the others are empty
 * @done:       race_on_reply(), or what calls race_take()
 * @userdata:   for @done
 */
void race_ask(sd_bus *bus, const char *method, const char *first, sd_bus_message_handler_t done,
        void *userdata);

/**
 * race_take() - read the answer of a call
 * @reply:      of race_ask()'s
 * @answer:     cleared
 */
void race_take(sd_bus_message *reply, Answer *answer);

/**
 * race_on_reply() - handler that only reads the answer
 * @reply:      of race_ask()'s
 * @userdata:   an Answer
 * @error:      untouched
 *
 * Return: 0.
 */
int race_on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error);

/**
 * race_is_pending() - whether a call is under way
 */
bool race_is_pending(void);

/**
 * race_turn() - one turn of the loop
 */
void race_turn(void);

/**
 * race_run() - run the loop until no call is under way
 */
void race_run(void);

/**
 * answer_clear() - free what it owns
 * @answer:     empty afterwards
 */
void answer_clear(Answer *answer);
