/**
 * https to the provider: with the certificate authority that AI_CA_FILE names it works, by HTTP/2; a
 * certificate that nobody vouches for, or that is another host's, is refused before the key is sent.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { request } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ask, startSystem } from './harness.mjs';

let dir;
const openssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
const makeAuthority = (name) => openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
	'-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', `${name}.key`, '-out', `${name}.pem`);

/** A certificate for that host, vouched for by the authority. */
function makeCertificate(authority, host) {
	const name = `${authority}-${host}`;
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${host}`,
		'-addext', `subjectAltName=DNS:${host}`, '-addext', 'basicConstraints=critical,CA:FALSE',
		'-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
	return { key: readFileSync(join(dir, `${name}.key`)), cert: readFileSync(join(dir, `${name}.pem`)) };
}

/** TLS in front of the stand-in; versions: of HTTP, as they came. */
class Front {
	versions = [];
	target = '';

	async start(certificate) {
		this.server = createSecureServer({ ...certificate, allowHTTP1: true }, (req, res) => {
			this.versions.push(req.httpVersion);
			const headers = Object.fromEntries(Object.entries(req.headers).filter(([name]) => !name.startsWith(':')));
			const onward = request(this.target + req.url, { method: req.method, headers: { ...headers, connection: 'close' } }, (answer) => {
				res.writeHead(answer.statusCode, { 'content-type': answer.headers['content-type'] });
				answer.pipe(res);
			});
			req.pipe(onward);
		});
		this.server.on('tlsClientError', () => {});
		this.server.listen(0, '127.0.0.1');
		await once(this.server, 'listening');
		return this;
	}

	get url() { return `https://localhost:${this.server.address().port}`; }
	stop() { this.server.close(); }
}

async function askThrough(certificate, authority) {
	const front = await new Front().start(certificate);
	const system = await startSystem({ env: { AI_BASE_URL: front.url, AI_CA_FILE: join(dir, `${authority}.pem`) } });
	front.target = system.standin.url;
	try {
		const reply = await ask(system, 'tls', 'hola [[bytes=3000,seed=4,chunk=100]]', 60_000);
		const expected = await (await fetch(`${system.standin.url}/control/text?bytes=3000&seed=4`)).text();
		return { reply, expected, versions: front.versions, log: system.logs.worker };
	} finally {
		await system.stop();
		front.stop();
	}
}

describe('TLS to the provider', { concurrency: true }, () => {
	before(() => {
		dir = mkdtempSync(join(tmpdir(), 'charla-tls-'));
		chmodSync(dir, 0o755);
		for (const name of ['ours', 'theirs']) {
			makeAuthority(name);
			chmodSync(join(dir, `${name}.pem`), 0o644);
		}
	});
	after(() => rmSync(dir, { recursive: true, force: true }));

	test('holds with the authority that AI_CA_FILE names', async () => {
		const { reply, expected, versions } = await askThrough(makeCertificate('ours', 'localhost'), 'ours');
		assert.equal(reply.status, 'complete', JSON.stringify(reply.error));
		assert.equal(reply.content, expected);
		assert.deepEqual(versions, ['2.0']);
	});

	for (const [what, certificate] of [['of another authority', ['theirs', 'localhost']], ['of another host', ['ours', 'example.org']]])
		test(`a certificate ${what} is refused, and nothing is sent`, async () => {
			const { reply, versions, log } = await askThrough(makeCertificate(...certificate), 'ours');
			assert.equal(reply.status, 'error');
			assert.deepEqual(versions, []);
			assert.match(log, /SSL|certificate/i);
		});
});
