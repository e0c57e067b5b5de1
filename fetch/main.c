/* SPDX-License-Identifier: MIT */

/*
 * authtoken-jwks-fetch: keeps a copy of another issuer's public keys. It runs apart from the daemon, which
 * has keys and no network; this program has a network and no keys. A failure leaves the copy as it was.
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "common/text.h"
#include "fetch/discovery.h"
#include "fetch/download.h"
#include "fetch/jwks-document.h"
#include "fetch/output-file.h"

#define TIMEOUT_DEFAULT_SEC 30u
#define TIMEOUT_MAX_SEC     600u

enum {
        EXIT_OK,
        EXIT_FAILED,
        EXIT_USAGE,
};

/* Borrowed from the arguments. */
typedef struct Order {
        const char *issuer, *jwks, *jwks_host, *ca_file, *output;
        uint64_t timeout_sec;
} Order;

static const struct option options[] = {
        { "issuer", required_argument, NULL, 'i' },
        { "jwks", required_argument, NULL, 'j' },
        { "jwks-host", required_argument, NULL, 'H' },
        { "ca", required_argument, NULL, 'c' },
        { "output", required_argument, NULL, 'o' },
        { "timeout", required_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
};

static const char help[] =
        "Usage: authtoken-jwks-fetch (--issuer URL|--jwks URL) --output FILE [OPTION]...\n\n"
        "  --issuer URL      an OpenID provider, whose metadata say where its keys are\n"
        "  --jwks URL        the keys themselves\n"
        "  --output FILE     replaced as a whole, or left as it is\n"
        "  --jwks-host HOST  with --issuer: the keys may be at this host, too\n"
        "  --ca FILE         certificates to trust instead of the system's\n"
        "  --timeout SEC     for each document (30)\n"
        "  -h, --help        this text\n";

static int set_timeout(Order *order) {
        if (text_parse_u64(optarg, TIMEOUT_MAX_SEC, &order->timeout_sec) == 0 &&
                order->timeout_sec > 0)
                return 0;
        fprintf(stderr, "--timeout is a number of seconds from 1 to %u\n", TIMEOUT_MAX_SEC);
        return -1;
}

static int set_option(Order *order, int option) {
        switch (option) {
        case 'i':
                order->issuer = optarg;
                return 0;
        case 'j':
                order->jwks = optarg;
                return 0;
        case 'H':
                order->jwks_host = optarg;
                return 0;
        case 'c':
                order->ca_file = optarg;
                return 0;
        case 'o':
                order->output = optarg;
                return 0;
        case 't':
                return set_timeout(order);
        default:
                return -1;
        }
}

static int find_keys(const Order *order, char *url, char *message) {
        _cleanup_(document_clear) Document document = { 0 };
        Download download = { url, order->ca_file, order->timeout_sec * 1000 };

        if (order->jwks) {
                if (strlen(order->jwks) < DISCOVERY_URL_MAX &&
                        discovery_same_origin(order->jwks, order->jwks)) {
                        snprintf(url, DISCOVERY_URL_MAX, "%s", order->jwks);
                        return 0;
                }
                snprintf(message, DOWNLOAD_MESSAGE_MAX, "%.300s: not an https: URL", order->jwks);
                return -1;
        }
        if (discovery_url(order->issuer, url, message) < 0 ||
                download_run(&download, &document, message) < 0)
                return -1;
        return discovery_read(&document, order->issuer, order->jwks_host, url, message);
}

static int fetch(const Order *order, char *message) {
        _cleanup_(document_clear) Document document = { 0 };
        char url[DISCOVERY_URL_MAX];
        const Download download = { url, order->ca_file, order->timeout_sec * 1000 };
        size_t count = 0;
        int changed;

        if (find_keys(order, url, message) < 0 || download_run(&download, &document, message) < 0)
                return -1;
        if (jwks_document_count(&document, &count) < 0 || count == 0) {
                snprintf(message, DOWNLOAD_MESSAGE_MAX,
                        "%.400s: not a JWK Set with a public key for signatures", url);
                return -1;
        }
        if (output_file_replace(order->output, &document, &changed, message) < 0)
                return -1;
        printf("%s: %zu keys from %s%s\n", order->output, count, url,
                changed ? "" : ", as they were");
        return 0;
}

int main(int argc, char **argv) {
        Order order = { .timeout_sec = TIMEOUT_DEFAULT_SEC };
        char message[DOWNLOAD_MESSAGE_MAX] = "";
        int option;

        while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
                if (option == 'h') {
                        fputs(help, stdout);
                        return EXIT_OK;
                }
                if (set_option(&order, option) < 0)
                        return EXIT_USAGE;
        }
        if (optind != argc || !order.output || !order.issuer == !order.jwks) {
                fputs(help, stderr);
                return EXIT_USAGE;
        }
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return EXIT_FAILED;
        if (fetch(&order, message) == 0)
                return EXIT_OK;
        fprintf(stderr, "%s; %s stays as it was\n", message, order.output);
        return EXIT_FAILED;
}
