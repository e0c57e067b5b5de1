/* SPDX-License-Identifier: MIT */

#include <arpa/inet.h>
#include <string.h>

#include "cli/askpass-host.h"

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_name_character(char c) {
        return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_' || c == '.';
}

/* Labels of letters, digits, dashes and underscores; none is empty or begins with a dash. */
static bool is_name(const char *host) {
        char before = '.';

        for (; *host != '\0'; host++) {
                if (!is_name_character(*host) || (before == '.' && (*host == '.' || *host == '-')))
                        return false;
                before = *host;
        }
        return before != '.';
}

/* An address of IPv6, with the interface behind a % if there is one, in its shortest form. */
static bool read_address(char host[ASKPASS_HOST_MAX + 1]) {
        char *scope = strchr(host, '%');
        char shortest[INET6_ADDRSTRLEN], name[ASKPASS_HOST_MAX + 1] = "";
        struct in6_addr address;

        if (scope) {
                memcpy(name, scope, strlen(scope) + 1);
                *scope = '\0';
                if (!is_name(name + 1))
                        return false;
        }
        if (inet_pton(AF_INET6, host, &address) != 1 ||
                !inet_ntop(AF_INET6, &address, shortest, sizeof(shortest)) ||
                strlen(shortest) + strlen(name) > ASKPASS_HOST_MAX)
                return false;
        memcpy(host, shortest, strlen(shortest) + 1);
        memcpy(host + strlen(shortest), name, strlen(name) + 1);
        return true;
}

bool askpass_host_read(const char *text, size_t size, char host[ASKPASS_HOST_MAX + 1]) {
        bool has_brackets = size >= 2 && text[0] == '[' && text[size - 1] == ']';

        if (has_brackets) {
                text++;
                size -= 2;
        } else if (size > 1 && text[size - 1] == '.' && !memchr(text, ':', size)) {
                size--;
        }
        if (size == 0 || size > ASKPASS_HOST_MAX || memchr(text, '\0', size))
                return false;
        for (size_t i = 0; i < size; i++)
                host[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        host[size] = '\0';
        if (!has_brackets && is_name(host))
                return true;
        return strchr(host, ':') && read_address(host);
}

bool askpass_host_fits(const char *host, const char *pattern) {
        char other[ASKPASS_HOST_MAX + 1];
        bool is_domain = strncmp(pattern, "*.", 2) == 0;
        size_t size = strlen(host), other_size;

        if (is_domain)
                pattern += 2;
        if (!askpass_host_read(pattern, strlen(pattern), other))
                return false;
        if (!is_domain)
                return strcmp(host, other) == 0;
        other_size = strlen(other);
        return is_name(other) && size > other_size + 1 && host[size - other_size - 1] == '.' &&
               strcmp(host + size - other_size, other) == 0;
}
