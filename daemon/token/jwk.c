/* SPDX-License-Identifier: MIT */
#include "daemon/token/jwk.h"

#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include "common/base64url.h"
#include "common/text.h"
#include "daemon/token/ecdsa-signature.h"

#define ED25519_KEY_SIZE      32u
#define EC_POINT_UNCOMPRESSED 4

DEFINE_CLEANUP(BIGNUM, BN_clear_free)
DEFINE_CLEANUP(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
DEFINE_CLEANUP(OSSL_PARAM, OSSL_PARAM_free)
DEFINE_CLEANUP(EVP_PKEY_CTX, EVP_PKEY_CTX_free)

/* Decodes a member; *ret_bytes stays NULL when it is absent. @size 0 takes any. */
static int member_bytes(const json_t *object, const char *name, size_t size, Secret **ret_bytes) {
        _cleanup_(secret_freep) Secret *bytes = NULL;
        const json_t *member = json_object_get(object, name);
        size_t used;
        int r;

        if (!member)
                return 0;
        if (!json_is_string(member))
                return KEY_E_MALFORMED;
        /* Decoding happens in place: the text is longer than the bytes. */
        r = secret_new(json_string_value(member), json_string_length(member), &bytes);
        if (r)
                return r;
        if (base64url_decode(bytes->data, bytes->size, (uint8_t *)bytes->data, bytes->size, &used))
                return KEY_E_MALFORMED;
        if (size && used != size)
                return KEY_E_MALFORMED;
        secret_wipe(bytes->data + used, bytes->size - used);
        bytes->size = used;
        *ret_bytes = TAKE_PTR(bytes);
        return 0;
}

static int member_required(
        const json_t *object, const char *name, size_t size, Secret **ret_bytes) {
        int r;

        r = member_bytes(object, name, size, ret_bytes);
        if (r)
                return r;
        return *ret_bytes ? 0 : KEY_E_MALFORMED;
}

static BIGNUM *number_from(const Secret *bytes) {
        /* A secure number makes OpenSSL wipe the copies that it hands around. */
        BIGNUM *number = BN_secure_new();

        if (number && BN_bin2bn((const unsigned char *)bytes->data, (int)bytes->size, number))
                return number;
        BN_clear_free(number);
        return NULL;
}

static int pkey_from(
        const char *type, OSSL_PARAM_BLD *builder, bool has_private, EVP_PKEY **ret_pkey) {
        int selection = has_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
        _cleanup_(OSSL_PARAM_freep) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
        _cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *context =
                EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

        if (!params || !context)
                return -ENOMEM;
        if (EVP_PKEY_fromdata_init(context) != 1 ||
                EVP_PKEY_fromdata(context, ret_pkey, selection, params) != 1)
                return KEY_E_POINT;
        return 0;
}

#define RSA_NUMBERS 8u

static int parse_rsa(const json_t *object, Jwk *jwk) {
        static const struct {
                const char *member, *param;
        } rows[RSA_NUMBERS] = {
                { "n", OSSL_PKEY_PARAM_RSA_N },
                { "e", OSSL_PKEY_PARAM_RSA_E },
                { "d", OSSL_PKEY_PARAM_RSA_D },
                { "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
                { "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },
                { "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
                { "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 },
                { "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
        };
        BIGNUM *numbers[RSA_NUMBERS] = { NULL };
        _cleanup_(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
        size_t n = 0;
        int r = builder ? 0 : -ENOMEM;

        for (size_t i = 0; i < RSA_NUMBERS && r == 0; i++) {
                _cleanup_(secret_freep) Secret *bytes = NULL;

                r = member_bytes(object, rows[i].member, 0, &bytes);
                /* RFC 7518 section 2: even 0 has an octet. Sections 6.3.1.1 and 6.3.1.2: n and e have none
                 * too many; of the private members, some writers pad those to a fixed size. */
                if (r == 0 && bytes && (bytes->size == 0 || (i < 2 && bytes->data[0] == '\0')))
                        r = KEY_E_MALFORMED;
                if (r || !bytes)
                        continue;
                numbers[i] = number_from(bytes);
                if (!numbers[i] || OSSL_PARAM_BLD_push_BN(builder, rows[i].param, numbers[i]) != 1)
                        r = -ENOMEM;
                n++;
        }
        /* RFC 7518 section 6.3.2: d alone, or with all of p q dp dq qi; "oth" is not supported. */
        if (r == 0 && (!numbers[0] || !numbers[1] || json_object_get(object, "oth") ||
                              !(n == 2 || (n == 3 && numbers[2]) || n == RSA_NUMBERS)))
                r = KEY_E_MALFORMED;
        jwk->has_private = numbers[2] != NULL;
        if (r == 0)
                r = pkey_from("RSA", builder, jwk->has_private, &jwk->pkey);
        for (size_t i = 0; i < RSA_NUMBERS; i++)
                BN_clear_free(numbers[i]);
        return r == KEY_E_POINT ? KEY_E_MALFORMED : r;
}

static const Algorithm *algorithm_by_curve(const json_t *object, KeyType type) {
        const char *curve = json_string_value(json_object_get(object, "crv"));

        for (size_t i = 0; curve && i < ALGORITHM_COUNT; i++) {
                const Algorithm *algorithm = algorithm_at(i);

                if (algorithm->type == type && strcmp(algorithm->curve, curve) == 0)
                        return algorithm;
        }
        return NULL;
}

static int parse_ec(const json_t *object, Jwk *jwk) {
        const Algorithm *algorithm = algorithm_by_curve(object, KEY_TYPE_EC);
        _cleanup_(secret_freep) Secret *x = NULL, *y = NULL, *d = NULL;
        _cleanup_(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
        _cleanup_(BN_clear_freep) BIGNUM *number = NULL;
        uint8_t point[1 + 2 * ECDSA_COORDINATE_MAX] = { EC_POINT_UNCOMPRESSED };
        size_t size;
        int r;

        if (!algorithm)
                return json_is_string(json_object_get(object, "crv")) ? KEY_E_TYPE
                                                                      : KEY_E_MALFORMED;
        if (!builder)
                return -ENOMEM;
        /* RFC 7518 section 6.2: coordinates and d have the full size of the curve. */
        size = algorithm->coordinate_size;
        r = member_required(object, "x", size, &x);
        if (r == 0)
                r = member_required(object, "y", size, &y);
        if (r == 0)
                r = member_bytes(object, "d", size, &d);
        if (r)
                return r;
        memcpy(point + 1, x->data, size);
        memcpy(point + 1 + size, y->data, size);
        if (OSSL_PARAM_BLD_push_utf8_string(
                    builder, OSSL_PKEY_PARAM_GROUP_NAME, algorithm->group, 0) != 1 ||
                OSSL_PARAM_BLD_push_octet_string(
                        builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size) != 1)
                return -ENOMEM;
        if (d) {
                number = number_from(d);
                if (!number ||
                        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number) != 1)
                        return -ENOMEM;
        }
        jwk->has_private = d != NULL;
        return pkey_from("EC", builder, jwk->has_private, &jwk->pkey);
}

static int parse_okp(const json_t *object, Jwk *jwk) {
        _cleanup_(secret_freep) Secret *x = NULL, *d = NULL;
        uint8_t public_key[ED25519_KEY_SIZE];
        size_t size = sizeof(public_key);
        int r;

        if (!algorithm_by_curve(object, KEY_TYPE_OKP))
                return json_is_string(json_object_get(object, "crv")) ? KEY_E_TYPE
                                                                      : KEY_E_MALFORMED;
        r = member_required(object, "x", ED25519_KEY_SIZE, &x);
        if (r == 0)
                r = member_bytes(object, "d", ED25519_KEY_SIZE, &d);
        if (r)
                return r;
        jwk->has_private = d != NULL;
        jwk->pkey = d ? EVP_PKEY_new_raw_private_key(
                                EVP_PKEY_ED25519, NULL, (const unsigned char *)d->data, d->size)
                      : EVP_PKEY_new_raw_public_key(
                                EVP_PKEY_ED25519, NULL, (const unsigned char *)x->data, x->size);
        if (!jwk->pkey)
                return KEY_E_MALFORMED;
        /* OpenSSL derives x from d; the file's own x may say something else. */
        if (EVP_PKEY_get_raw_public_key(jwk->pkey, public_key, &size) != 1)
                return -EIO;
        return memcmp(public_key, x->data, ED25519_KEY_SIZE) == 0 ? 0 : KEY_E_PAIR;
}

static int parse_oct(const json_t *object, Jwk *jwk) {
        jwk->has_private = true;
        return member_required(object, "k", 0, &jwk->secret);
}

static int parse_algorithm(const json_t *object, Jwk *jwk) {
        const json_t *member = json_object_get(object, "alg");

        if (!member)
                return 0;
        if (!json_is_string(member))
                return KEY_E_MALFORMED;
        jwk->algorithm = algorithm_find(json_string_value(member));
        return jwk->algorithm ? 0 : KEY_E_ALGORITHM;
}

static int parse_kid(const json_t *object, Jwk *jwk) {
        const json_t *member = json_object_get(object, "kid");
        size_t size = json_string_length(member);

        if (!member)
                return 0;
        if (!json_is_string(member))
                return KEY_E_MALFORMED;
        if (size == 0 || size > KEY_KID_MAX || text_has_control(json_string_value(member), size))
                return KEY_E_KID;
        jwk->kid = strdup(json_string_value(member));
        return jwk->kid ? 0 : -ENOMEM;
}

static bool is_among_first(const json_t *array, size_t n, const json_t *value) {
        for (size_t i = 0; i < n; i++)
                if (json_equal(json_array_get(array, i), value))
                        return true;
        return false;
}

/*
 * RFC 7517 sections 4.2 and 4.3. A private key whose "key_ops" is "sign" alone is what generators
 * write; its public half verifies. A secret has no other half: it needs "verify" itself.
 */
static int parse_usage(const json_t *object, Jwk *jwk) {
        const json_t *use = json_object_get(object, "use");
        const json_t *operations = json_object_get(object, "key_ops");
        bool sign = !operations, verify = !operations;
        const json_t *operation;
        size_t i;

        if (use && !json_is_string(use))
                return KEY_E_MALFORMED;
        jwk->is_refresh = use && strcmp(json_string_value(use), JWK_USE_REFRESH) == 0;
        if (use && !jwk->is_refresh && strcmp(json_string_value(use), "sig") != 0)
                return KEY_E_USE;
        if (jwk->is_refresh && !jwk->secret)
                return KEY_E_USE;
        if (operations && !json_is_array(operations))
                return KEY_E_MALFORMED;
        json_array_foreach(operations, i, operation) {
                /* RFC 7517 section 4.3: duplicate values MUST NOT be present. */
                if (!json_is_string(operation) || is_among_first(operations, i, operation))
                        return KEY_E_MALFORMED;
                sign = sign || strcmp(json_string_value(operation), "sign") == 0;
                verify = verify || strcmp(json_string_value(operation), "verify") == 0;
        }
        jwk->may_sign = sign && jwk->has_private;
        return verify || (jwk->may_sign && jwk->pkey) ? 0 : KEY_E_USE;
}

static int parse_material(const json_t *object, Jwk *jwk) {
        static const struct {
                const char *type;
                int (*parse)(const json_t *object, Jwk *jwk);
        } rows[] = {
                { "RSA", parse_rsa },
                { "EC", parse_ec },
                { "OKP", parse_okp },
                { "oct", parse_oct },
        };
        const char *type = json_string_value(json_object_get(object, "kty"));

        if (!type)
                return KEY_E_MALFORMED;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(rows[i].type, type) == 0)
                        return rows[i].parse(object, jwk);
        return KEY_E_TYPE;
}

int jwk_parse(const json_t *object, Jwk **ret_jwk) {
        Jwk *jwk = calloc(1, sizeof(*jwk));
        int r;

        if (!jwk)
                return -ENOMEM;
        r = parse_material(object, jwk);
        if (r == 0)
                r = parse_usage(object, jwk);
        if (r == 0)
                r = parse_algorithm(object, jwk);
        if (r == 0)
                r = parse_kid(object, jwk);
        ERR_clear_error();
        if (r) {
                jwk_free(jwk);
                return r;
        }
        *ret_jwk = jwk;
        return 0;
}

Jwk *jwk_free(Jwk *jwk) {
        if (!jwk)
                return NULL;
        EVP_PKEY_free(jwk->pkey);
        secret_free(jwk->secret);
        free(jwk->kid);
        free(jwk);
        return NULL;
}
