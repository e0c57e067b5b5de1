#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What every verb works with: the parts of the daemon, wired by manager.c.
 */

#include <limits.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "authtoken/reason.h"
#include "daemon/session/session-logins.h"
#include "daemon/token/key-directory.h"
#include "daemon/token/verify-rules.h"

typedef struct Adoption Adoption;
typedef struct AuditMeter AuditMeter;
typedef struct CensusView CensusView;
typedef struct ClockKeeper ClockKeeper;
typedef struct Config Config;
typedef struct DeadlineTimer DeadlineTimer;
typedef struct HandleTable HandleTable;
typedef struct HookClient HookClient;
typedef struct HookFailures HookFailures;
typedef struct Journal Journal;
typedef struct KeyKeeper KeyKeeper;
typedef struct LoginEnder LoginEnder;
typedef struct Metrics Metrics;
typedef struct Logind Logind;
typedef struct LoginRegistry LoginRegistry;
typedef struct LoginReport LoginReport;
typedef struct Operation Operation;
typedef struct OwnerCache OwnerCache;
typedef struct Reconciler Reconciler;
typedef struct Signer Signer;
typedef struct TokenCache TokenCache;
typedef struct UserNames UserNames;
typedef struct UserQueue UserQueue;
typedef struct UserRules UserRules;
typedef struct UserStore UserStore;

typedef enum SessionEventType {
        SESSION_EVENT_OPENED,
        SESSION_EVENT_REFRESHED, /* without a reason */
        SESSION_EVENT_ENDING,
        SESSION_EVENT_ENDED,
        SESSION_EVENT_KEY_ROTATED,
        SESSION_EVENT_REVOKED,
} SessionEventType;

/* Broadcast on the bus, so it has only the session's id and a reason, or a key's name. */
typedef struct SessionEvent {
        SessionEventType type;
        const char *sid;
        const char *reason;
        const char *kid;        /* KEY_ROTATED, which has nothing else */
        uint64_t deadline_usec; /* ENDING: CLOCK_REALTIME when the login will be ended */
} SessionEvent;

typedef void (*SessionEventSink)(const SessionEvent *event, void *userdata);

typedef struct Context {
        char host[HOST_NAME_MAX + 1]; /* name of this one */
        SessionHost here;             /* the same, as other hosts see it */
        sd_event *event;
        const Config *config;
        Journal *journal;
        Keyring *keyring;
        KeyDirectoryRules key_rules; /* its texts are the configuration's and the manager's */
        KeyKeeper *keeper;
        Signer *signer;
        VerifyRules rules; /* for our own tokens; text borrowed from @config */
        TokenCache *cache;
        UserStore *store;
        ClockKeeper *clock;
        Adoption *adoption;
        LoginRegistry *logins;
        Logind *logind;
        UserNames *names;
        UserRules *user_rules;
        HandleTable *handles;
        LoginReport *report;
        Reconciler *reconciler;
        char device_id[256]; /* of this host: DeviceId=, or derived from the machine's id */
        HookClient *hooks;
        UserQueue *queue;
        OwnerCache *owners;
        CensusView *census_view;
        LoginEnder *ender;
        DeadlineTimer *deadlines;
        SessionEventSink sink; /* NULL: nobody listens */
        void *sink_userdata;
        Operation *operations; /* all that are under way */
        Metrics *metrics;
        AuditMeter *meter;
        HookFailures *hook_failures;
} Context;
