// SPDX-License-Identifier: MIT
// A real OpenID provider on loopback, over HTTPS: `provider.mjs KEY CERTIFICATE CLIENT`. Its access tokens are JWTs;
// the resource that a client asks for names the algorithm. Prints its port when it listens.

import fs from "node:fs";
import https from "node:https";

import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const [keyFile, certificateFile, client] = process.argv.slice(2);

async function makeKeys() {
        const keys = [];
        for (const alg of ALGORITHMS) {
                const { privateKey } = await generateKeyPair(alg, { extractable: true });
                keys.push({ ...(await exportJWK(privateKey)), alg, use: "sig", kid: `${alg}-key` });
        }
        return keys;
}

const resourceIndicators = {
        enabled: true,
        defaultResource: () => "urn:alg:RS256",
        useGrantedResource: () => true,
        getResourceServerInfo: (context, resource) => ({
                scope: "login",
                audience: "hosts.example.org",
                accessTokenTTL: 600,
                accessTokenFormat: "jwt",
                jwt: { sign: { alg: resource.split(":").pop() } },
        }),
};

const server = https.createServer({ key: fs.readFileSync(keyFile), cert: fs.readFileSync(certificateFile) });
const keys = await makeKeys();
server.listen(0, "127.0.0.1", () => {
        const { port } = server.address();
        const provider = new Provider(`https://127.0.0.1:${port}`, {
                clients: [{
                        client_id: client,
                        client_secret: "not-a-secret-of-anybody",
                        grant_types: ["client_credentials"],
                        redirect_uris: [],
                        response_types: [],
                }],
                features: {
                        clientCredentials: { enabled: true },
                        devInteractions: { enabled: false },
                        resourceIndicators,
                },
                jwks: { keys },
                scopes: ["login"],
                cookies: { keys: ["not-a-secret-of-anybody"] },
        });
        server.on("request", provider.callback());
        console.log(JSON.stringify({ port }));
});
