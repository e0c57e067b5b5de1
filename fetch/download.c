/* SPDX-License-Identifier: MIT */
#include "fetch/download.h"

#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

DEFINE_CLEANUP(CURL, curl_easy_cleanup)

void document_clear(Document *document) {
        free(document->text);
        *document = (Document){ 0 };
}

/* A transfer that gets too large is ended at that point, not read to its end. */
static size_t on_data(char *data, size_t size, size_t n, void *userdata) {
        Document *document = userdata;
        size_t more = size * n;
        char *text;

        if (more > DOWNLOAD_SIZE_MAX - document->size)
                return 0;
        text = realloc(document->text, document->size + more + 1);
        if (!text)
                return 0;
        memcpy(text + document->size, data, more);
        document->text = text;
        document->size += more;
        text[document->size] = '\0';
        return more;
}

static CURLcode set_place(CURL *curl, const Download *download) {
        CURLcode code;

        code = curl_easy_setopt(curl, CURLOPT_URL, download->url);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        if (code == CURLE_OK && download->ca_file)
                code = curl_easy_setopt(curl, CURLOPT_CAINFO, download->ca_file);
        /* If a file was named, only its certificates are trusted, not also the system's. */
        if (code == CURLE_OK && download->ca_file)
                code = curl_easy_setopt(curl, CURLOPT_CAPATH, (char *)NULL);
        return code;
}

static CURLcode set_bounds(CURL *curl, const Download *download, Document *document) {
        CURLcode code;

        code = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)download->timeout_msec);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)DOWNLOAD_SIZE_MAX);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, document);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_USERAGENT, "authtoken/" AUTHTOKEN_VERSION);
        return code;
}

int download_run(const Download *download, Document *ret_document, char *message) {
        _cleanup_(curl_easy_cleanupp) CURL *curl = curl_easy_init();
        char detail[CURL_ERROR_SIZE] = "";
        CURLcode code = CURLE_FAILED_INIT;
        long status = 0;

        *ret_document = (Document){ 0 };
        if (curl)
                code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
        if (code == CURLE_OK)
                code = set_place(curl, download);
        if (code == CURLE_OK)
                code = set_bounds(curl, download, ret_document);
        if (code == CURLE_OK)
                code = curl_easy_perform(curl);
        if (code != CURLE_OK) {
                snprintf(message, DOWNLOAD_MESSAGE_MAX, "%s: %s", download->url,
                        code == CURLE_WRITE_ERROR ? "larger than 256 KiB"
                        : *detail                 ? detail
                                                  : curl_easy_strerror(code));
                return -1;
        }
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200) {
                snprintf(message, DOWNLOAD_MESSAGE_MAX, "%s: the answer is %ld, not 200",
                        download->url, status);
                return -1;
        }
        return 0;
}
