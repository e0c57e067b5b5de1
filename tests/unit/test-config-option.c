/* SPDX-License-Identifier: MIT */

#include "config-case.h"

#define BAD(key, allowed) "configuration:2: bad value for " key "=; allowed is " allowed

static const ConfigCase values[] = {
        { "an empty value is refused", "[Token]\nIssuer=\n",
                BAD("Issuer", "visible ASCII without spaces and quotes") },
        { "an empty value unsets what has no default",
                "[Keys]\nSigningKey=\nDirectory=\n[Store]\nAddress=\nUsername=\n", NULL },
        { "an empty number is refused", "[Session]\nMaxSessions=\n",
                BAD("MaxSessions", "a number from 1 to 64") },
        { "a relative path is refused", "[Daemon]\nStateDirectory=state\n",
                BAD("StateDirectory", "an absolute path") },
        { "a path with .. is refused", "[Daemon]\nStateDirectory=/var/../etc\n",
                BAD("StateDirectory", "an absolute path") },
        { "a quoted path is refused", "[Keys]\nDirectory=\"/k\"\n",
                BAD("Directory", "an absolute path") },
        { "a socket's path of 107 bytes is taken", "[Daemon]\nSocket=/" HUNDRED "aaaaaa\n", NULL },
        { "a socket's path of 108 bytes is refused", "[Daemon]\nSocket=/" HUNDRED "aaaaaaa\n",
                BAD("Socket", "an absolute path of at most 107 bytes") },
        { "an unknown bus is refused", "[Daemon]\nBus=System\n",
                BAD("Bus", "system, session or none") },
        { "an unknown target is refused", "[Daemon]\nLogTarget=syslog\n",
                BAD("LogTarget", "auto, journal or stderr") },
        { "an unknown level is refused", "[Daemon]\nLogLevel=warning\n",
                BAD("LogLevel", "info or debug") },
        { "a quoted issuer is refused", "[Token]\nIssuer=\"a\"\n",
                BAD("Issuer", "visible ASCII without spaces and quotes") },
        { "an audience with a space is refused", "[Token]\nAudience=a b\n",
                BAD("Audience", "visible ASCII without spaces and quotes") },
        { "an audience beyond ASCII is refused", "[Token]\nAudience=\xc3\xa4\n",
                BAD("Audience", "visible ASCII without spaces and quotes") },
        { "a number with a comment of the shell is refused", "[Session]\nMaxSessions=3 # three\n",
                BAD("MaxSessions", "a number from 1 to 64") },
        { "no session at all is refused", "[Session]\nMaxSessions=0\n",
                BAD("MaxSessions", "a number from 1 to 64") },
        { "more sessions than a state holds are refused", "[Session]\nMaxSessions=65\n",
                BAD("MaxSessions", "a number from 1 to 64") },
        { "roles with a quote are refused", "[Session]\nRoles=a\"b\n",
                BAD("Roles", "words of visible ASCII without quotes, with blanks between") },
        { "a single sign-on of nobody is refused", "[Session]\nSingleSignOn=yes\n",
                BAD("SingleSignOn", "off, device, platform or user") },
        { "an unknown way to overflow is refused", "[Session]\nOverflow=evict\n",
                BAD("Overflow", "reject or evict-oldest") },
        { "events in any order, with spaces, are taken", "[Hooks]\nEvents=  kick   login\n", NULL },
        { "no event at all is taken", "[Hooks]\nEvents=\n", NULL },
        { "an unknown event is refused", "[Hooks]\nEvents=login reboot\n",
                BAD("Events", "login, logout, refresh and kick, with spaces between them") },
        { "events with commas are refused", "[Hooks]\nEvents=login,kick\n",
                BAD("Events", "login, logout, refresh and kick, with spaces between them") },
        { "a time for hooks that the module would not wait is refused", "[Hooks]\nTimeout=2s\n",
                BAD("Timeout", "a time span from 10ms to 1500ms") },
        { "another word for a failure is refused", "[Hooks]\nOnFailure=ignore\n",
                BAD("OnFailure", "deny or allow") },
        { "a negative number is refused", "[Store]\nDatabase=-1\n",
                BAD("Database", "a number from 0 to 65535") },
        { "a number beyond 64 bits is refused", "[Store]\nDatabase=18446744073709551616\n",
                BAD("Database", "a number from 0 to 65535") },
        { "a lifetime of nothing is refused", "[Token]\nLifetime=0\n",
                BAD("Lifetime", "a time span of whole seconds from 1s to 366d, such as 15min") },
        { "a lifetime with a fraction of a second is refused", "[Token]\nLifetime=1500ms\n",
                BAD("Lifetime", "a time span of whole seconds from 1s to 366d, such as 15min") },
        { "a leeway above 300 s is refused", "[Token]\nLeeway=301s\n",
                BAD("Leeway", "a time span of whole seconds from 0 to 300s") },
        { "a token larger than the protocol's is refused", "[Token]\nMaxSize=16385\n",
                BAD("MaxSize", "a number of bytes from 256 to 16384") },
        { "an unknown algorithm is refused", "[Keys]\nAlgorithm=none\n",
                BAD("Algorithm", "HS256/384/512, RS256/384/512, PS256/384/512, ES256/384/512 or "
                                 "EdDSA") },
        { "a host's name is refused", "[Store]\nAddress=tcp:localhost:6379\n",
                BAD("Address", "unix:/PATH, tcp:IPV4:PORT or tcp:[IPV6]:PORT; no host names") },
        { "a URL is refused and not repeated", "[Store]\nAddress=redis://u:secret@h:1\n",
                BAD("Address", "unix:/PATH, tcp:IPV4:PORT or tcp:[IPV6]:PORT; no host names") },
        { "a sentinel's name is refused", "[Store]\nSentinels=unix:/s tcp:localhost:26379\n",
                BAD("Sentinels", "at most 9 of unix:/PATH, tcp:IPV4:PORT or tcp:[IPV6]:PORT") },
        { "a sentinel that would have two votes is refused", "[Store]\nSentinels=unix:/s unix:/s\n",
                BAD("Sentinels", "at most 9 of unix:/PATH, tcp:IPV4:PORT or tcp:[IPV6]:PORT") },
        { "a master whose name could be a command is refused", "[Store]\nSentinelName=a b\n",
                BAD("SentinelName", "at most 63 letters, digits, '.', '_' and '-'") },
        { "more replicas than anybody has are refused", "[Store]\nWaitReplicas=17\n",
                BAD("WaitReplicas", "a number from 0 to 16") },
        { "a tenant that could forge a key is refused", "[Store]\nTenant=a:u\n",
                BAD("Tenant", "at most 63 letters, digits, '.', '_' and '-'") },
        { "a prefix with a pattern is refused", "[Store]\nPrefix=a*\n",
                BAD("Prefix", "at most 63 letters, digits, '.', '_' and '-'") },
        { "a boolean that is none is refused", "[Store]\nRequireDurable=maybe\n",
                BAD("RequireDurable", "yes or no") },
        { "a time-out too short to work is refused", "[Store]\nTimeout=9ms\n",
                BAD("Timeout", "a time span from 10ms to 60s") },
        { "a grace of more than an hour is refused", "[Kick]\nKickGrace=61min\n",
                BAD("KickGrace", "a time span from 0 to 1h") },
        { "an unknown action is refused", "[Kick]\nOnKick=kill\n",
                BAD("OnKick", "terminate, lock or notify") },
        { "an unknown scope is refused", "[Kick]\nKickScope=host\n",
                BAD("KickScope", "session or user") },
        { "no connection at all is refused", "[Limits]\nConnections=0\n",
                BAD("Connections", "a number from 1 to 1048576") },
};

static void test_values(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(values); i++)
                config_case_check(&values[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
