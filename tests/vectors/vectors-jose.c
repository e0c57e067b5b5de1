/* SPDX-License-Identifier: MIT */
#include "vectors.h"

#include <string.h>

#include "common/cleanup.h"
#include "daemon/token/token-verifier.h"

#define SIGNATURES "json_web_signature_test.json"

/* Vectors of json_web_signature_test.json whose result is not what a strict verifier says. */
static const struct Deviation {
        int id;
        bool taken;
        const char *reason;
} deviations[] = {
        { 346, false, "the token says PS384, its key PS256" },
        { 347, false, "the key's algorithm \"ES521\" does not exist" },
        { 350, false, "the token says PS384, its key PS256" },
        { 351, false, "the key's algorithm \"ES521\" does not exist" },
        { 367, true, "it is #357 to the byte, which is valid: its padding was lost" },
        { 370, true, "it is #357 to the byte, which is valid: its padding was lost" },
        { 372, false, "a '?' in the header is not base64url" },
        { 373, false, "a '?' in the payload is not base64url" },
};

static bool is_expected(const Vector *vector) {
        bool listed = strcmp(vector->file, SIGNATURES) == 0;

        for (size_t i = 0; listed && i < ARRAY_SIZE(deviations); i++)
                if (deviations[i].id == vector->id)
                        return deviations[i].taken;
        return strcmp(vector->result, "valid") == 0;
}

/* A token may be an object here: JSON serialization, which is refused like any other text. */
static char *token_text(const json_t *token) {
        if (json_is_string(token))
                return strdup(json_string_value(token));
        return json_dumps(token, JSON_COMPACT);
}

static bool is_taken(const Vector *vector, const char *member) {
        static const KeyFileRules key_rules = {
                .any_place = true,
                .any_kid = true,
                .any_algorithm = true,
        };
        const json_t *key = json_object_get(vector->group, "public");
        _cleanup_(freep) char *key_text =
                json_dumps(key ? key : json_object_get(vector->group, "private"), JSON_COMPACT);
        _cleanup_(freep) char *token = token_text(json_object_get(vector->test, member));
        _cleanup_(keyring_unrefp) Keyring *keyring = vectors_ring(key_text, &key_rules);
        VerifyRules rules = { .max_size = strlen(token), .foreign = true, .signature_only = true };
        VerifyRequest request = { .token = token, .token_size = strlen(token) };
        Claims *claims = NULL;

        return keyring && token_verify(keyring, &rules, &request, &claims) == REASON_OK;
}

static void visit_jws(VectorRun *run, const Vector *vector) {
        vectors_note(run, vector, is_expected(vector), is_taken(vector, "jws"));
}

/* Encrypted tokens are no access tokens, whatever their key would say. */
static void visit_jwe(VectorRun *run, const Vector *vector) {
        vectors_note(run, vector, false, is_taken(vector, "jwe"));
}

static void visit_either(VectorRun *run, const Vector *vector) {
        if (json_object_get(vector->test, "jwe"))
                visit_jwe(run, vector);
        else
                visit_jws(run, vector);
}

void vectors_jose(VectorRun *run) {
        vectors_visit(run, SIGNATURES, visit_jws);
        vectors_visit(run, "json_web_key_test.json", visit_jws);
        vectors_visit(run, "json_web_crypto_test.json", visit_either);
        vectors_visit(run, "json_web_encryption_test.json", visit_jwe);
}
