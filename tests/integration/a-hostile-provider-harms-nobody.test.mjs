/** Threats T10, T19, T20: what answers at AI_BASE_URL is not trusted, neither who it is nor what it sends. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { startSystem, waitFor } from './harness.mjs';
import { raw } from './identities.mjs';

const dir = mkdtempSync(join(tmpdir(), 'charla-tls-'));
after(() => rmSync(dir, { recursive: true }));

async function withProvider(server, scheme, run) {
	const seen = [];
	server.on('request', (q) => seen.push({ url: q.url, key: q.headers['x-goog-api-key'] }));
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const system = await startSystem({ env: { AI_BASE_URL: `${scheme}://127.0.0.1:${server.address().port}`, LOG_LEVEL: 2 } });
	try {
		await run(system, seen);
	} finally {
		server.closeAllConnections();
		server.close();
		await system.stop();
	}
}

const residentKib = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'latin1').match(/VmRSS:\s+(\d+)/)[1]);
const post = (system, chatId) => raw(system, 'POST', '/api/send-message', { body: { chatId, messages: [{ role: 'user', content: 'hola' }] } });

test('a server that cannot prove its name never sees the key', async () => {
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
		'-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')], { stdio: 'ignore' });
	const server = createHttps({ key: readFileSync(join(dir, 'key.pem')), cert: readFileSync(join(dir, 'cert.pem')) }, (q, r) => r.end('{}'));
	let failures = 0;
	server.on('tlsClientError', () => { failures++; });
	await withProvider(server, 'https', async (system, seen) => {
		assert.equal((await post(system, 'tls')).status, 202);
		await waitFor(() => failures > 0, 'the handshake is refused');
		assert.deepEqual(seen, []);
	});
});

test('a redirect is not followed, wherever it leads', async () => {
	const inner = createHttp((q, r) => r.end('{}'));
	let reached = 0;
	inner.on('request', () => { reached++; });
	inner.listen(0, '127.0.0.1');
	await once(inner, 'listening');
	const server = createHttp((q, r) => r.writeHead(302, { location: `http://127.0.0.1:${inner.address().port}/latest/meta-data` }).end());
	await withProvider(server, 'http', async (system, seen) => {
		assert.equal((await post(system, 'redirect')).status, 202);
		await waitFor(() => seen.length > 0, 'it is asked');
		await waitFor(async () => (await raw(system, 'GET', '/api/chats/redirect/history')).json.messages.at(-1).status === 'error', 'the reply ends in an error');
		assert.equal(reached, 0);
	});
	inner.close();
});

const ends = ['complete', 'truncated', 'error', 'blocked'];
const floods = {
	'one line that never ends': (r) => { r.writeHead(200, { 'content-type': 'text/event-stream' }); r.write('data: '); return Buffer.alloc(1 << 20, 'x'); },
	'text that never ends': (r) => { r.writeHead(200, { 'content-type': 'text/event-stream' }); return Buffer.from(`data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts: [{ text: 'x'.repeat(60000) }] } }] })}\r\n\r\n`); },
	'a compressed bomb': (r) => { r.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }); return gzipSync(Buffer.alloc(64 << 20, 'data: {}\n\n')); },
	'an error that never ends': (r) => { r.writeHead(400, { 'content-type': 'application/json' }); return Buffer.alloc(1 << 20, '{'); },
};
for (const [what, begin] of Object.entries(floods))
	test(`${what} is cut off, and takes no memory`, async () => {
		let sent = 0, cut = 0;
		const server = createHttp((q, r) => {
			const chunk = begin(r);
			const more = () => { while (sent < 512 << 20 && r.write(chunk)) sent += chunk.length; };
			r.on('drain', more).on('close', () => { cut++; }).on('error', () => {});
			more();
		});
		await withProvider(server, 'http', async (system, seen) => {
			const before = residentKib(system.pids.worker);
			assert.equal((await post(system, 'flood')).status, 202);
			await waitFor(() => seen.length > 0 && cut > 0, 'the stream is cut');
			assert.ok(sent < 256 << 20, `${sent} bytes were taken`);
			assert.ok(residentKib(system.pids.worker) - before < 150 * 1024, 'memory');
			const { messages } = (await raw(system, 'GET', '/api/chats/flood/history')).json;
			assert.ok(Buffer.byteLength(messages.at(-1).content) <= 64 * 1024);
			assert.ok(ends.includes(messages.at(-1).status) || ['queued', 'streaming'].includes(messages.at(-1).status));
		});
	});
