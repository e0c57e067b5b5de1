/* SPDX-License-Identifier: MIT */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "authtoken/bus-name.h"
#include "cli/bus-client.h"
#include "cli/table.h"
#include "common/text.h"
#include "common/translation.h"

#define WORDS_WIDTH 20
#define TIME_SIZE   32u

typedef enum Option {
        OPTION_JSON = 256,
        OPTION_HELP = 'h',
        OPTION_UNKNOWN = '?',
} Option;

static const struct option options[] = {
        { "json", no_argument, NULL, OPTION_JSON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
};

static const char help[] = N_("Usage: authtokenctl status [--json]\n\n"
                              "Show how the daemon, its store and its keys are.\n\n"
                              "  --json      as JSON\n"
                              "  -h, --help  this text\n");

typedef struct Line {
        const char *key;
        const char *words;
        ColumnKind kind;
} Line;

static const Line lines[] = {
        { "version", N_("Version"), COLUMN_TEXT },
        { "started", N_("Started"), COLUMN_TIME },
        { "issuer", N_("Issuer"), COLUMN_TEXT },
        { "tenant", N_("Tenant"), COLUMN_TEXT },
        { "device", N_("Device"), COLUMN_TEXT },
        { "keys", N_("Keys"), COLUMN_NUMBER },
        { "signing_key", N_("Signing key"), COLUMN_TEXT },
        { "store_type", N_("Store"), COLUMN_TEXT },
        { "store_online", N_("Store online"), COLUMN_FLAG },
        { "store_durable", N_("Store durable"), COLUMN_FLAG },
        { "store_watching", N_("Changes told at once"), COLUMN_FLAG },
        { "store_message", N_("Store says"), COLUMN_TEXT },
        { "store_commits", N_("Commits"), COLUMN_NUMBER },
        { "store_conflicts", N_("Conflicts"), COLUMN_NUMBER },
        { "store_errors", N_("Store errors"), COLUMN_NUMBER },
        { "store_latency_usec", N_("Store latency (us)"), COLUMN_NUMBER },
        { "store_p50_usec", N_("Median within (us)"), COLUMN_NUMBER },
        { "store_p99_usec", N_("99 % within (us)"), COLUMN_NUMBER },
        { "store_replicas", N_("Replicas"), COLUMN_NUMBER },
        { "store_replicas_wanted", N_("Replicas waited for"), COLUMN_NUMBER },
        { "adoption", N_("Adoption"), COLUMN_TEXT },
        { "adoption_since", N_("Adopts issued after"), COLUMN_TIME },
        { "adoptions", N_("Adoptions"), COLUMN_NUMBER },
        { "sessions", N_("Sessions"), COLUMN_NUMBER },
        { "sessions_counted", N_("Counted"), COLUMN_TIME },
        { "logins", N_("Logins now"), COLUMN_NUMBER },
        { "logins_total", N_("Logins since start"), COLUMN_NUMBER },
        { "refusals_total", N_("Refusals since start"), COLUMN_NUMBER },
        { "suspicious_total", N_("Suspicious"), COLUMN_NUMBER },
        { "last_refusal", N_("Last refusal"), COLUMN_TEXT },
        { "last_refusal_event", N_("It was for"), COLUMN_TEXT },
        { "last_refusal_time", N_("At"), COLUMN_TIME },
        { "hooks", N_("Hooks"), COLUMN_TEXT },
        { "hooks_passed", N_("Hooks passed"), COLUMN_NUMBER },
        { "hooks_vetoed", N_("Hooks vetoed"), COLUMN_NUMBER },
        { "hooks_failed", N_("Hooks failed"), COLUMN_NUMBER },
        { "hooks_dropped", N_("Hooks not told"), COLUMN_NUMBER },
        { "hooks_waiting", N_("Hooks waiting"), COLUMN_NUMBER },
        { "journal_dropped", N_("Journal lines lost"), COLUMN_NUMBER },
        { "warnings", N_("Warning"), COLUMN_LIST },
};

/* The text for people for the codes of "adoption". */
static const struct {
        const char *code, *words;
} adoption_words[] = {
        { "off", N_("off: no issuer is named") },
        { "unknown", N_("not known: the store has not answered yet") },
        { "confirmed", N_("on") },
        { "new", N_("waits: the store is new; order \"authtokenctl adopt --confirm\"") },
        { "emptied", N_("stopped: the store was emptied; order \"authtokenctl adopt --confirm\"") },
        { "forgetful", N_("stopped: the store may let records go; set maxmemory-policy noeviction "
                          "there, then "
                          "order \"authtokenctl adopt --confirm\"") },
        { "set-back",
                N_("stopped: the store was set back; order \"authtokenctl adopt --confirm\"") },
};

/* For people each key is a line, in JSON the keys are the columns of one row. */
static ExitStatus show_json(const Dictionary *status) {
        _cleanup_(table_freep) Table *table = NULL;
        Column columns[ARRAY_SIZE(lines)];
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                columns[i] = (Column){
                        .heading = lines[i].key,
                        .key = lines[i].key,
                        .kind = lines[i].kind,
                };
        r = table_new("status", columns, ARRAY_SIZE(columns), TABLE_JSON, &table);
        if (r >= 0)
                r = table_add(table, status, NULL);
        return r < 0 ? bus_client_broken("show the status", r) : table_print(table);
}

/* Right-aligned by what a terminal shows, not by bytes: some characters take two columns. */
static void show_words(const char *words) {
        const char *shown = _(words);
        wchar_t wide[WORDS_WIDTH + 1];
        size_t n_wide = mbstowcs(wide, shown, WORDS_WIDTH);
        int width = n_wide > WORDS_WIDTH ? -1 : wcswidth(wide, n_wide);

        printf("%*s%s", width < 0 || width > WORDS_WIDTH ? 0 : WORDS_WIDTH - width, "", shown);
}

static const char *words_of_adoption(const char *code) {
        for (size_t i = 0; i < ARRAY_SIZE(adoption_words); i++)
                if (!strcmp(code, adoption_words[i].code))
                        return _(adoption_words[i].words);
        return code;
}

/* For times beyond the largest bucket the daemon reports only that they are beyond it. */
static bool is_beyond(const char *value) {
        uint64_t usec;

        return text_parse_u64(value, UINT64_MAX, &usec) == 0 && usec == AUTHTOKEN_USEC_BEYOND;
}

static void show_line(const Line *line, const char *value) {
        char text[TIME_SIZE];
        uint64_t seconds;
        struct tm local;
        time_t time;

        if (line->kind == COLUMN_FLAG)
                value = strcmp(value, "0") ? _("yes") : _("no");
        if (!strcmp(line->key, "adoption"))
                value = words_of_adoption(value);
        if (line->kind == COLUMN_NUMBER && is_beyond(value))
                value = _("more than 1000000");
        if (line->kind == COLUMN_TIME) {
                time = text_parse_u64(value, INT64_MAX, &seconds) ? 0 : (time_t)seconds;
                if (localtime_r(&time, &local) &&
                        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local))
                        value = text;
        }
        show_words(line->words);
        printf(": %s\n", value);
}

static void show_list(const Line *line, const char *items) {
        while (*items) {
                size_t size = strcspn(items, "\n");

                show_words(line->words);
                printf(": %.*s\n", (int)size, items);
                items += size + (items[size] == '\n');
        }
}

static ExitStatus show_plain(const Dictionary *status) {
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                const char *value = dictionary_text(status, lines[i].key);

                if (!value || !*value)
                        continue;
                if (lines[i].kind == COLUMN_LIST)
                        show_list(&lines[i], value);
                else
                        show_line(&lines[i], value);
        }
        return finish_output();
}

static ExitStatus ask(const CommandLine *line, Dictionary **ret_status) {
        const BusCall question = { "GetStatus", N_("ask for the status"), CALL_SHORT };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ExitStatus status;
        int r;

        status = bus_client_ask(line, &question, &reply, NULL);
        if (status != STATUS_OK)
                return status;
        r = dictionary_read(reply, ret_status);
        return r < 0 ? bus_client_broken("read the answer", r) : STATUS_OK;
}

ExitStatus status_main(const CommandLine *line, int argc, char **argv) {
        _cleanup_(dictionary_freep) Dictionary *answer = NULL;
        ExitStatus status;
        bool json = false;
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                if (option == OPTION_HELP)
                        return show_help(help);
                if (option != OPTION_JSON)
                        return point_to_help("status");
                json = true;
        }
        if (argc > optind)
                return complain_usage("status", "no arguments are taken");
        status = ask(line, &answer);
        if (status != STATUS_OK)
                return status;
        return json ? show_json(answer) : show_plain(answer);
}
