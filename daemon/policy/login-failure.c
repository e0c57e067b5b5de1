/* SPDX-License-Identifier: MIT */

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "daemon/policy/login-failure.h"

#define NETWORK_BYTES 8u /* of an IPv6 address */

/* Guesses: things that were never issued. A token with a good signature is not one, whatever else is wrong
 * with it. Nor is a token whose key this host lacks: it was not checked, so it brings nobody closer, and a
 * host without a key of the others would lock its users out on all hosts. */
static const Reason guesses[] = {
        REASON_TOKEN_TOO_LARGE,
        REASON_TOKEN_MALFORMED,
        REASON_HEADER_MALFORMED,
        REASON_HEADER_CRITICAL,
        REASON_TYPE_UNEXPECTED,
        REASON_ALGORITHM_REFUSED,
        REASON_SIGNATURE_INVALID,
        REASON_CODE_UNKNOWN,
};

bool login_failure_counts(Reason reason) {
        for (size_t i = 0; i < ARRAY_SIZE(guesses); i++)
                if (guesses[i] == reason)
                        return true;
        return false;
}

static bool is_mapped(const uint8_t address[16]) {
        static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

        return !memcmp(address, prefix, sizeof(prefix));
}

static bool name_network(const char *rhost, char place[LOGIN_PLACE_SIZE]) {
        char text[INET6_ADDRSTRLEN], scoped[LOGIN_PLACE_SIZE];
        uint8_t address[16];

        snprintf(scoped, sizeof(scoped), "%.*s", (int)strcspn(rhost, "%"), rhost);
        if (inet_pton(AF_INET6, scoped, address) != 1)
                return false;
        if (is_mapped(address)) {
                if (!inet_ntop(AF_INET, address + 12, text, sizeof(text)))
                        return false;
                snprintf(place, LOGIN_PLACE_SIZE, "%s", text);
                return true;
        }
        memset(address + NETWORK_BYTES, 0, sizeof(address) - NETWORK_BYTES);
        if (!inet_ntop(AF_INET6, address, text, sizeof(text)))
                return false;
        snprintf(place, LOGIN_PLACE_SIZE, "%s/64", text);
        return true;
}

void login_failure_name_place(const char *rhost, char place[LOGIN_PLACE_SIZE]) {
        if (!name_network(rhost, place))
                snprintf(place, LOGIN_PLACE_SIZE, "%s", rhost);
}

bool login_failure_is_here(const char *rhost, const char *host) {
        return !rhost || !*rhost || !strcmp(rhost, host);
}

void login_failure_place(const LoginOrigin *origin, char place[LOGIN_PLACE_SIZE]) {
        uid_t asker = origin->peer_uid != 0 ? origin->peer_uid : origin->real_uid;

        if (origin->peer_uid == 0 && !login_failure_is_here(origin->rhost, origin->host)) {
                login_failure_name_place(origin->rhost, place);
        } else if (asker != 0 && asker != LOGIN_UID_UNKNOWN) {
                snprintf(place, LOGIN_PLACE_SIZE, "uid:%ju@%s", (uintmax_t)asker, origin->host);
        } else if (origin->ruser && *origin->ruser) {
                snprintf(place, LOGIN_PLACE_SIZE, "local:%s@%s", origin->ruser, origin->host);
        } else {
                snprintf(place, LOGIN_PLACE_SIZE, "service:%s@%s", STRING_OR_EMPTY(origin->service),
                        origin->host);
        }
}
