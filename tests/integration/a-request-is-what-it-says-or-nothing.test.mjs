/** Paths, methods, headers and bodies that pretend (threats T8, T22, T23, T27). */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { join } from 'node:path';

import { ask, readAnswer, requestBytes } from './fcgi.mjs';
import { startSystem } from './harness.mjs';
import { raw } from './identities.mjs';

let system;
before(async () => { system = await startSystem(); });
after(() => system?.stop());

const paths = [
	'/api', '/api/', '/api//config', '/api/config/x', '/api/./config', '/api/../config', '/api/%2e%2e/config', '/api/..%2fconfig', '/api/config%00', '/api/config%00.json',
	'/api/config;x=1', '/api/Config', '/API/config', '/api/config.json', '/api/config%2f', '/api\\config', '/api/%5cconfig', '/api/chats//history', '/api/chats/%2e%2e/history',
	'/api/chats/a%2fb/history', '/api/chats/%252e/history', '/api/chats/a/history/b', '/api/chats/../../etc/passwd', '/api/chats/%2e%2e%2f%2e%2e%2fetc%2fpasswd/history',
	'/api/../.env', '/.env', '/api/.env', '/%2eenv', '/var/charla.db', '/api/../var/charla.db', '/charla.db', '/charla.db-wal', '/rates.db', '/app.key', '/.git/config',
	'/api/chats/..;/history', '/api/chats/a%0d%0aX: y/history', '/api/chats/%e0%80%af/history', '/broadcasting', '/broadcasting/', '/broadcasting/auth/x', '/broadcasting/../api/config',
	'/api/chats/%ff/history', '/api/chats/a b/history'.replace(' ', '%20'), '/api/%63onfig/..', '/api/health/../../app.key', '/api/chats/x/../../../config', '/api/metrics/../../.env', '/api/session/%2e',
	'/api/me/', '/api/chats/x/members/', '/api/chats/x/members/%2e%2e',
];

for (const path of paths)
	test(`GET ${path} gives nothing away`, async () => {
		const answer = await raw(system, 'GET', path).catch((e) => ({ status: 400, text: e.message, headers: {} }));
		// /api/./config and the like are cleaned by the web server; what they then name may answer.
		const named = ['/api/./config', '/api//config', '/api/../config', '/api/%2e%2e/config', '/broadcasting/../api/config', '/api/%63onfig/..', '/api/chats/x/../../../config', '/api/me/', '/api/..%2fconfig', '/api/session/%2e'];
		assert.ok(answer.status >= 400 || named.includes(path), `${answer.status} ${answer.text.slice(0, 80)}`);
		assert.ok(answer.status < 500, String(answer.status));
		assert.equal(/root:|PUSHER_APP_SECRET|SQLite format/.test(answer.text), false);
	});

test('a path that fcgi-app gets from a web server that cleans nothing names one route or none', async () => {
	for (const path of ['/api/../api/config', '/api/chats/../config', '/api/%63onfig', '/api/chats/./history', '/api/chats/../history', '//api/config', '/api/config/../..', ''])
		assert.equal((await ask(join(system.dir, 'api.sock'), 'GET', path)).status, 404, path);
	assert.equal((await ask(join(system.dir, 'api.sock'), 'GET', '/api/config')).status, 200);
});

test('methods that a path does not take: 405 with those that it does', async () => {
	for (const [method, path, allow] of [['GET', '/api/send-message', 'POST'], ['PUT', '/api/session', 'POST, DELETE'], ['TRACE', '/api/config', 'GET, HEAD'], ['PROPFIND', '/api/config', 'GET, HEAD'], ['DELETE', '/broadcasting/auth', 'POST']]) {
		const answer = await ask(join(system.dir, 'api.sock'), method, path);
		assert.equal(answer.status, 405, `${method} ${path}`);
		assert.equal(answer.headers.allow, allow);
	}
});

test('no header of ours can be split by what a client sends', async () => {
	const answer = await ask(join(system.dir, 'api.sock'), 'GET', '/api/config', {
		headers: { 'x-request-id': 'good-id-12345678\r\nX-Evil: 1', origin: 'https://a\r\nX-Evil: 1' },
	});
	assert.equal(answer.status, 200);
	assert.equal('x-evil' in answer.headers, false);
	assert.match(answer.headers['x-request-id'], /^[\w-]{8,64}$/);
});

test('lines of the log cannot be forged', async () => {
	const bad = 'a\nerror forged line \u001b[31mred';
	await ask(join(system.dir, 'api.sock'), 'POST', '/broadcasting/auth', { body: `socket_id=1.2&channel_name=${encodeURIComponent(bad)}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
	await ask(join(system.dir, 'api.sock'), 'GET', `/api/chats/${bad}/history`, { params: { REMOTE_ADDR: `1.2.3.4${bad}` } });
	await ask(join(system.dir, 'api.sock'), 'GET', '/api/me', { headers: { authorization: `Bearer charla_${bad}` } });
	assert.equal(/^error forged|\u001b/m.test(system.logs.app), false);
});

test('every answer forbids what a browser might do with it', async () => {
	for (const path of ['/api/config', '/api/me', '/api/nothing', '/api/chats/x/history']) {
		const { headers } = await raw(system, 'GET', path);
		assert.equal(headers['x-content-type-options'], 'nosniff', path);
		assert.match(headers['content-security-policy'], /default-src 'none'/, path);
		assert.equal(headers['x-frame-options'], 'DENY', path);
		assert.equal(headers['referrer-policy'], 'no-referrer', path);
		assert.match(headers['cache-control'], /no-store|private/, path);
	}
});

test('who sends a body byte by byte is cut off, and costs one thread for ten seconds', async () => {
	const socket = connect(join(system.dir, 'api.sock'));
	const bytes = requestBytes('POST', '/api/send-message', { body: 'x'.repeat(200), headers: { 'content-type': 'application/json' } });
	const at = bytes.indexOf(Buffer.from('x'.repeat(200)));
	const answer = readAnswer(socket);
	const started = Date.now();
	socket.write(bytes.subarray(0, at));
	let sent = 0;
	const timer = setInterval(() => { if (sent < 150) socket.write(bytes.subarray(at + sent, at + ++sent)); }, 200);
	try {
		// The others are served meanwhile.
		assert.equal((await raw(system, 'GET', '/api/config')).status, 200);
		const { status, text } = await answer;
		assert.equal(status, 408, text);
		assert.ok(Date.now() - started < 16_000);
	} finally {
		clearInterval(timer);
		socket.destroy();
	}
});

test('a body that is shorter than it says is refused and stored nowhere', async () => {
	const answer = await ask(join(system.dir, 'api.sock'), 'POST', '/api/send-message', {
		body: '{"chatId":"short","messages":[{"role":"user","content":"x"}]}', headers: { 'content-type': 'application/json' }, params: { CONTENT_LENGTH: '500' },
	});
	assert.equal(answer.status, 400);
	assert.equal((await raw(system, 'GET', '/api/chats/short/history')).status, 404);
});
