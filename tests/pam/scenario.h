#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A scenario as it stands in a file of scripts/:
 *
 *      == a sentence that says what is true
 *      COMMAND …                       what is prepared, answered and done; see scenario.c
 *      --
 *      the whole transcript, line by line
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SCENARIO_LIST_MAX 80

typedef struct ScenarioList {
        const char *lines[SCENARIO_LIST_MAX];
        size_t count;
} ScenarioList;

typedef struct Scenario {
        const char *name;
        const char *expected;
        const char *options; /* of the module's lines */
        const char *user, *service, *rhost, *tty, *ruser;
        const char *authtok;    /* what an earlier module left in PAM_AUTHTOK; NULL: nothing */
        ScenarioList answers;   /* to the prompts */
        ScenarioList behaviour; /* of the daemon, one a connection */
        ScenarioList path;      /* what is odd about the daemon's socket */
        ScenarioList steps;     /* of the application */
        int flags;              /* of every call of libpam */
        uid_t uid;              /* effective uid of the application */
        bool needs_root;        /* to prepare it */
} Scenario;

/**
 * scenario_parse() - read the next scenario of a file
 * @cursor:       where to begin; moved behind the scenario; the text is changed and borrowed
 * @ret_scenario: borrows from the text
 *
 * A mistake in the file ends the process.
 * Return: false at the end of the file.
 */
bool scenario_parse(char **cursor, Scenario *ret_scenario);
