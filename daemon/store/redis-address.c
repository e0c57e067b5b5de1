/* SPDX-License-Identifier: MIT */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/redis-address.h"

#define KEEPALIVE_IDLE_SEC   30
#define TCP_UNACKED_MAX_MSEC 20000

static int parse_unix(const char *path, RedisAddress *address) {
        struct sockaddr_un *socket_unix = (struct sockaddr_un *)&address->socket;
        size_t size = strlen(path);

        if (path[0] != '/' || size >= sizeof(socket_unix->sun_path))
                return REDIS_ADDRESS_E_INVALID;
        socket_unix->sun_family = AF_UNIX;
        memcpy(socket_unix->sun_path, path, size + 1);
        address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
        return 0;
}

/* Takes "IP:PORT" or "[IP]:PORT" apart; @ip: receives the first part. */
static int split(const char *text, char ip[INET6_ADDRSTRLEN], const char **ret_port) {
        const char *end = strrchr(text, ':');
        size_t size;

        if (!end)
                return REDIS_ADDRESS_E_INVALID;
        *ret_port = end + 1;
        if (text[0] == '[') {
                text++;
                end--;
                if (end < text || *end != ']')
                        return REDIS_ADDRESS_E_INVALID;
        }
        size = (size_t)(end - text);
        if (size >= INET6_ADDRSTRLEN)
                return REDIS_ADDRESS_E_INVALID;
        memcpy(ip, text, size);
        ip[size] = '\0';
        return 0;
}

static int parse_tcp(const char *text, RedisAddress *address, bool *ret_loopback) {
        struct sockaddr_in *inet4 = (struct sockaddr_in *)&address->socket;
        struct sockaddr_in6 *inet6 = (struct sockaddr_in6 *)&address->socket;
        char ip[INET6_ADDRSTRLEN];
        const char *port_text;
        uint64_t port;

        if (split(text, ip, &port_text) != 0 || text_parse_u64(port_text, UINT16_MAX, &port) != 0 ||
                port == 0)
                return REDIS_ADDRESS_E_INVALID;
        if (text[0] != '[' && inet_pton(AF_INET, ip, &inet4->sin_addr) == 1) {
                inet4->sin_family = AF_INET;
                inet4->sin_port = htons((uint16_t)port);
                address->size = sizeof(*inet4);
                *ret_loopback = ntohl(inet4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
                return 0;
        }
        if (text[0] == '[' && inet_pton(AF_INET6, ip, &inet6->sin6_addr) == 1) {
                inet6->sin6_family = AF_INET6;
                inet6->sin6_port = htons((uint16_t)port);
                address->size = sizeof(*inet6);
                *ret_loopback = IN6_IS_ADDR_LOOPBACK(&inet6->sin6_addr);
                return 0;
        }
        return REDIS_ADDRESS_E_INVALID;
}

int redis_address_parse(const char *text, bool allow_plaintext, RedisAddress *ret_address) {
        RedisAddress address = { 0 };
        bool loopback = true;
        size_t size = strlen(text);
        int r = REDIS_ADDRESS_E_INVALID;

        if (size > REDIS_ADDRESS_TEXT_MAX)
                return r;
        if (strncmp(text, "unix:", 5) == 0)
                r = parse_unix(text + 5, &address);
        else if (strncmp(text, "tcp:", 4) == 0)
                r = parse_tcp(text + 4, &address, &loopback);
        if (r)
                return r;
        if (!loopback && !allow_plaintext)
                return REDIS_ADDRESS_E_PLAINTEXT;
        memcpy(address.text, text, size + 1);
        *ret_address = address;
        return 0;
}

static int parse_next(const char *word, size_t size, bool allow_plaintext, RedisAddress *address) {
        char text[REDIS_ADDRESS_TEXT_MAX + 1];

        if (size > REDIS_ADDRESS_TEXT_MAX)
                return REDIS_ADDRESS_E_INVALID;
        memcpy(text, word, size);
        text[size] = '\0';
        return redis_address_parse(text, allow_plaintext, address);
}

static bool comes_twice(const RedisAddress *addresses, size_t last) {
        for (size_t i = 0; i < last; i++)
                if (strcmp(addresses[i].text, addresses[last].text) == 0)
                        return true;
        return false;
}

int redis_addresses_parse(const char *text, bool allow_plaintext,
        RedisAddress addresses[REDIS_SENTINELS_MAX], size_t *ret_n) {
        size_t n = 0;
        int r;

        for (const char *word = text + strspn(text, " "); *word; n++) {
                size_t size = strcspn(word, " ");

                if (n == REDIS_SENTINELS_MAX)
                        return REDIS_ADDRESS_E_INVALID;
                r = parse_next(word, size, allow_plaintext, &addresses[n]);
                if (r)
                        return r;
                /* A sentinel that is asked twice would have two votes. */
                if (comes_twice(addresses, n))
                        return REDIS_ADDRESS_E_INVALID;
                word += size;
                word += strspn(word, " ");
        }
        if (n == 0)
                return REDIS_ADDRESS_E_INVALID;
        *ret_n = n;
        return 0;
}

int redis_address_open(const RedisAddress *address) {
        int one = 1, idle_sec = KEEPALIVE_IDLE_SEC, unacked_msec = TCP_UNACKED_MAX_MSEC;
        sa_family_t family = address->socket.ss_family;
        int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        if (family == AF_UNIX)
                return fd;
        /* Without them only the next command would notice that a host vanished. */
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
        (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_sec, sizeof(idle_sec));
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_msec, sizeof(unacked_msec));
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        return fd;
}
