/* SPDX-License-Identifier: MIT */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/policy/binding.h"
#include "daemon/session/session.h"

/* Both modes in Session.bind. */
#define MODE_BITS 2u
#define MODE_MASK 3u

static bool write_ipv4(const struct in_addr *address, char place[BINDING_PLACE_MAX + 1]) {
        return inet_ntop(AF_INET, address, place, BINDING_PLACE_MAX + 1) != NULL;
}

/* The zone names an interface of this host; other hosts have other names. */
static bool write_ipv6(const char *text, char place[BINDING_PLACE_MAX + 1]) {
        char address[INET6_ADDRSTRLEN];
        size_t size = strcspn(text, "%");
        struct in_addr inner;
        struct in6_addr ipv6;

        if (size >= sizeof(address))
                return false;
        memcpy(address, text, size);
        address[size] = '\0';
        if (inet_pton(AF_INET6, address, &ipv6) != 1)
                return false;
        if (!IN6_IS_ADDR_V4MAPPED(&ipv6))
                return inet_ntop(AF_INET6, &ipv6, place, BINDING_PLACE_MAX + 1) != NULL;
        memcpy(&inner, &ipv6.s6_addr[12], sizeof(inner));
        return write_ipv4(&inner, place);
}

/* By hand, since tolower() depends on the locale. */
static bool write_name(const char *text, char place[BINDING_PLACE_MAX + 1]) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
        size_t size = strlen(text);

        if (size > BINDING_PLACE_MAX || *text == '-' || *text == '.')
                return false;
        for (size_t i = 0; i < size; i++) {
                char c = text[i];

                if (c >= 'A' && c <= 'Z')
                        c = (char)(c - 'A' + 'a');
                if (!strchr(allowed, c))
                        return false;
                place[i] = c;
        }
        place[size] = '\0';
        return true;
}

bool binding_place(const char *rhost, char ret_place[BINDING_PLACE_MAX + 1]) {
        struct in_addr ipv4;

        if (!rhost || !*rhost) {
                memcpy(ret_place, BINDING_PLACE_LOCAL, sizeof(BINDING_PLACE_LOCAL));
                return true;
        }
        if (inet_pton(AF_INET, rhost, &ipv4) == 1)
                return write_ipv4(&ipv4, ret_place);
        return write_ipv6(rhost, ret_place) || write_name(rhost, ret_place);
}

BindMode binding_address_mode(const Session *session) {
        return (BindMode)(session->bind & MODE_MASK);
}

BindMode binding_device_mode(const Session *session) {
        return (BindMode)(session->bind >> MODE_BITS & MODE_MASK);
}

void binding_set(Session *session, const PolicyRules *rules) {
        session->bind = (uint64_t)rules->bind_address | (uint64_t)rules->bind_device << MODE_BITS;
}

BindingVerdict binding_check_address(const Session *session, const char *place) {
        char bound[BINDING_PLACE_MAX + 1];

        if (binding_address_mode(session) == BIND_OFF)
                return BINDING_FITS;
        if (!place)
                return BINDING_DIFFERS;
        if (!session->client_address)
                return BINDING_FIRST;
        /* It may be bound to this host itself, which has no address. */
        if (!strcmp(session->client_address, place))
                return BINDING_FITS;
        return binding_place(session->client_address, bound) && !strcmp(bound, place)
                       ? BINDING_FITS
                       : BINDING_DIFFERS;
}

BindingVerdict binding_check_device(const Session *session, const char *device) {
        if (binding_device_mode(session) == BIND_OFF || !session->device)
                return BINDING_FITS;
        return !strcmp(session->device, device) ? BINDING_FITS : BINDING_DIFFERS;
}

int binding_take_address(Session *session, const char *place) {
        char *copy = strdup(place);

        if (!copy)
                return -ENOMEM;
        session_set_text(session, &session->client_address, copy);
        return 0;
}
