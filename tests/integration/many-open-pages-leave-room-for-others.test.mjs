// Each open page holds a WebSocket through the web server. With lighttpd's own limit of descriptors the 1,366th visitor stops the whole site.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';

import { SLOW, ask, startSystem } from './harness.mjs';

const PAGES = 1600;
const AT_ONCE = 50;

/** A socket that has its connection_established. */
const open = (port) => new Promise((done, fail) => {
	const socket = connect(port, '127.0.0.1');
	let got = '';
	socket.setEncoding('latin1').on('data', (text) => {
		got += text;
		if (got.includes('connection_established'))
			done(socket);
		else if (/^HTTP\/1\.1 [45]/.test(got))
			fail(new Error(got));
	}).on('error', fail).on('close', () => fail(new Error(`closed: ${got}`)));
	socket.write(`GET /app/local?protocol=7 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
		+ 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
});

const allowed = Number(/open files +\d+ +(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
const skip = allowed < 16384 && `this machine allows ${allowed} descriptors`;

test(`${PAGES} pages are open through lighttpd, and a chat goes on`, { timeout: 120_000 * SLOW, skip }, async (t) => {
	const system = await startSystem({ env: { PUSH_MAX_PER_ADDRESS: '0' } });
	t.after(() => system.stop());
	const { port } = new URL(system.url);
	const sockets = [];
	t.after(() => sockets.forEach((s) => s.destroy()));
	while (sockets.length < PAGES)
		sockets.push(...await Promise.all(Array.from({ length: AT_ONCE }, () => open(port))));
	assert.equal((await ask(system, '42', 'hola')).status, 'complete');
});
