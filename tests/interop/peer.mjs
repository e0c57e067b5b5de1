// SPDX-License-Identifier: MIT
// jose as an independent signer and verifier. A line of JSON in, a line out:
// {"make": ALG} → {"jwk"}; {"sign": PAYLOAD, "alg", "typ", "jwk"} → {"token"};
// {"verify": TOKEN, "jwks", "issuer", "audience"} → {"payload", "header"} or {"error"}

import readline from "node:readline";

import * as jose from "jose";

async function make(alg) {
        if (alg.startsWith("HS")) {
                const secret = await jose.generateSecret(alg, { extractable: true });
                return { ...(await jose.exportJWK(secret)), alg, kid: `${alg}-peer` };
        }
        const { privateKey } = await jose.generateKeyPair(alg, { extractable: true });
        return { ...(await jose.exportJWK(privateKey)), alg, use: "sig", kid: `${alg}-peer` };
}

async function sign({ sign: payload, typ, jwk }) {
        const key = await jose.importJWK(jwk, jwk.alg);
        return new jose.SignJWT(payload).setProtectedHeader({ alg: jwk.alg, kid: jwk.kid, ...(typ && { typ }) }).sign(key);
}

async function verify({ verify: token, jwks, issuer, audience }) {
        const { kid } = jose.decodeProtectedHeader(token);
        const secret = jwks.keys.find((key) => key.kid === kid && key.kty === "oct");
        const keys = secret ? await jose.importJWK(secret, secret.alg) : jose.createLocalJWKSet(jwks);
        const { payload, protectedHeader } = await jose.jwtVerify(token, keys, { issuer, audience, typ: "at+jwt" });
        return { payload, header: protectedHeader };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
        const order = JSON.parse(line);
        let answer;
        try {
                if (order.make)
                        answer = { jwk: await make(order.make) };
                else if (order.sign)
                        answer = { token: await sign(order) };
                else
                        answer = await verify(order);
        } catch (error) {
                answer = { error: String(error) };
        }
        console.log(JSON.stringify(answer));
}
