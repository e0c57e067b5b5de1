/* SPDX-License-Identifier: MIT */
#include "fetch/discovery.h"

#include <stdio.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <jansson.h>

#define WELL_KNOWN "/.well-known/openid-configuration"
#define PORT_HTTPS "443"

DEFINE_CLEANUP(CURLU, curl_url_cleanup)
DEFINE_CLEANUP(char, curl_free)

/* Both owned by libcurl. */
typedef struct Origin {
        char *host, *port;
} Origin;

static void origin_clear(Origin *origin) {
        curl_free(origin->host);
        curl_free(origin->port);
}

static bool is_absent(CURLU *url, CURLUPart part) {
        _cleanup_(curl_freep) char *text = NULL;

        return curl_url_get(url, part, &text, 0) != CURLUE_OK;
}

/* An issuer's URL has no query or fragment. */
static bool read_origin(const char *text, bool is_issuer, Origin *ret_origin) {
        _cleanup_(curl_url_cleanupp) CURLU *url = curl_url();
        _cleanup_(curl_freep) char *scheme = NULL;

        if (!url || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
                curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
                strcasecmp(scheme, "https") != 0)
                return false;
        if (!is_absent(url, CURLUPART_USER) || !is_absent(url, CURLUPART_PASSWORD))
                return false;
        if (is_issuer && (!is_absent(url, CURLUPART_QUERY) || !is_absent(url, CURLUPART_FRAGMENT)))
                return false;
        return curl_url_get(url, CURLUPART_HOST, &ret_origin->host, 0) == CURLUE_OK &&
               curl_url_get(url, CURLUPART_PORT, &ret_origin->port, CURLU_DEFAULT_PORT) ==
                       CURLUE_OK;
}

int discovery_same_origin(const char *a, const char *b) {
        _cleanup_(origin_clear) Origin first = { 0 };
        _cleanup_(origin_clear) Origin second = { 0 };

        return read_origin(a, false, &first) && read_origin(b, false, &second) &&
               strcasecmp(first.host, second.host) == 0 && strcmp(first.port, second.port) == 0;
}

static bool is_at(const char *url, const char *host) {
        _cleanup_(origin_clear) Origin origin = { 0 };

        return read_origin(url, false, &origin) && strcasecmp(origin.host, host) == 0 &&
               strcmp(origin.port, PORT_HTTPS) == 0;
}

int discovery_url(const char *issuer, char *url, char *message) {
        _cleanup_(origin_clear) Origin origin = { 0 };
        size_t size = strlen(issuer);

        if (!read_origin(issuer, true, &origin) || size + strlen(WELL_KNOWN) >= DISCOVERY_URL_MAX) {
                snprintf(message, DOWNLOAD_MESSAGE_MAX, "%s: not an https: URL of an issuer",
                        issuer);
                return -1;
        }
        /* A '/' at the end is not doubled. */
        if (size > 0 && issuer[size - 1] == '/')
                size--;
        snprintf(url, DISCOVERY_URL_MAX, "%.*s%s", (int)size, issuer, WELL_KNOWN);
        return 0;
}

int discovery_read(const Document *document, const char *issuer, const char *jwks_host, char *url,
        char *message) {
        json_auto_t *object = json_loadb(
                STRING_OR_EMPTY(document->text), document->size, JSON_REJECT_DUPLICATES, NULL);
        const char *name = json_string_value(json_object_get(object, "issuer"));
        const char *place = json_string_value(json_object_get(object, "jwks_uri"));

        if (!name || !place) {
                snprintf(message, DOWNLOAD_MESSAGE_MAX,
                        "%s: its metadata name no issuer, or no jwks_uri", issuer);
                return -1;
        }
        if (strcmp(name, issuer) != 0) {
                snprintf(message, DOWNLOAD_MESSAGE_MAX, "%s: its metadata are another issuer's",
                        issuer);
                return -1;
        }
        if (strlen(place) >= DISCOVERY_URL_MAX ||
                !(discovery_same_origin(issuer, place) || (jwks_host && is_at(place, jwks_host)))) {
                snprintf(message, DOWNLOAD_MESSAGE_MAX,
                        "%s: its keys are said to be at %.200s; see --jwks-host", issuer, place);
                return -1;
        }
        snprintf(url, DISCOVERY_URL_MAX, "%s", place);
        return 0;
}
