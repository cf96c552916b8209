/** Threats T2, T3, T5, T26 on the push server: signatures of another app, socket or channel; origins. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startSystem, waitFor } from './harness.mjs';

const A = { id: 'a', key: 'key-of-a', secret: 'secret-of-a-0123456789' };
const B = { id: 'b', key: 'key-of-b', secret: 'secret-of-b-0123456789', allowed_origins: ['site-b.example', 'www.b.example'] };
const hmac = (secret, text) => createHmac('sha256', secret).update(text).digest('hex');
let system;
before(async () => {
	const file = join(tmpdir(), `charla-apps-${process.pid}.json`);
	writeFileSync(file, JSON.stringify({ apps: [A, B] }), { mode: 0o644 });
	system = await startSystem({ env: { PUSH_APPS_FILE: file } });
});
after(() => system?.stop());

/** A socket without any library: { id, frames, send, close }. */
async function open(app, origin) {
	const { WebSocket } = globalThis;
	const socket = new WebSocket(`ws://127.0.0.1:${system.pushPort}/app/${app.key}?protocol=7`, origin ? { headers: { origin } } : undefined);
	const frames = [];
	let closed = null;
	socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(data)));
	socket.addEventListener('close', ({ code }) => { closed = code; });
	socket.addEventListener('error', () => {});
	await waitFor(() => frames.length > 0 || closed !== null, 'the first frame');
	const established = frames.find(({ event }) => event === 'pusher:connection_established');
	return { id: established && JSON.parse(established.data).socket_id, frames, closed: () => closed, close: () => socket.close(),
		async subscribe(channel, auth, channel_data) {
			const from = frames.length;
			socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel, auth, channel_data } }));
			const answer = await waitFor(() => frames.slice(from).find((f) => /subscription_(succeeded|error)|pusher:error/.test(f.event)), 'an answer');
			return /succeeded/.test(answer.event);
		} };
}

test('a channel opens to its own app\'s signature of this socket and this name, to nothing else', async () => {
	const socket = await open(A), other = await open(A);
	const good = hmac(A.secret, `${socket.id}:private-x`);
	const bad = {
		'none': '', 'the key alone': `${A.key}:`, 'no key': good, 'cut': `${A.key}:${good.slice(0, -1)}`, 'longer': `${A.key}:${good}0`, 'in capitals': `${A.key}:${good.toUpperCase()}`,
		'of another socket': `${A.key}:${hmac(A.secret, `${other.id}:private-x`)}`, 'of another channel': `${A.key}:${hmac(A.secret, `${socket.id}:private-y`)}`,
		'of another app': `${B.key}:${hmac(B.secret, `${socket.id}:private-x`)}`, 'of another app under this key': `${A.key}:${hmac(B.secret, `${socket.id}:private-x`)}`,
		'under another key': `${B.key}:${good}`, 'of a presence channel': `${A.key}:${hmac(A.secret, `${socket.id}:private-x:{"user_id":"1"}`)}`,
	};
	for (const [what, auth] of Object.entries(bad))
		assert.equal(await socket.subscribe('private-x', auth), false, what);
	for (let bit = 0; bit < 256; bit++) {
		const bytes = Buffer.from(good, 'hex');
		bytes[bit >> 3] ^= 1 << (bit & 7);
		assert.equal(await socket.subscribe('private-x', `${A.key}:${bytes.toString('hex')}`), false, `bit ${bit}`);
	}
	assert.equal(await socket.subscribe('private-x', `${A.key}:${good}`), true);
	socket.close();
	other.close();
});

test('what is published to one app is heard in no other, under the same names', async () => {
	const [a, b] = [await open(A), await open(B, 'https://site-b.example')];
	assert.equal(await a.subscribe('room', ''), true);
	assert.equal(await b.subscribe('room', ''), true);
	const publish = async (path, key, secret, { stamp = Math.floor(Date.now() / 1000), body = JSON.stringify({ name: 'e', channels: ['room'], data: '{}' }), signed = body, extra = '' } = {}) => {
		const query = `auth_key=${key}&auth_timestamp=${stamp}&auth_version=1.0&body_md5=${createHash('md5').update(signed).digest('hex')}`;
		return (await fetch(`${system.pushUrl}${path}?${query}&auth_signature=${hmac(secret, `POST\n${path}\n${query}`)}${extra}`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).status;
	};
	for (const [what, answer] of Object.entries({
		'the key of another app': await publish('/apps/a/events', B.key, B.secret),
		'the secret of another app': await publish('/apps/a/events', A.key, B.secret),
		'an app that does not exist': await publish('/apps/c/events', A.key, A.secret),
		'601 seconds ago': await publish('/apps/a/events', A.key, A.secret, { stamp: Math.floor(Date.now() / 1000) - 601 }),
		'601 seconds ahead': await publish('/apps/a/events', A.key, A.secret, { stamp: Math.floor(Date.now() / 1000) + 602 }),
		'another body': await publish('/apps/a/events', A.key, A.secret, { signed: '{}' }),
		'a parameter twice': await publish('/apps/a/events', A.key, A.secret, { extra: '&auth_key=key-of-b' }),
	}))
		assert.ok(answer >= 400 && answer < 500, `${what}: ${answer}`);
	assert.equal(await publish('/apps/a/events', A.key, A.secret), 200);
	await waitFor(() => a.frames.some(({ event }) => event === 'e'), 'app a hears it');
	assert.equal(b.frames.some(({ event }) => event === 'e'), false);
	assert.equal(a.frames.filter(({ event }) => event === 'e').length, 1);
	a.close();
	b.close();
});

const origins = [['https://site-b.example', true], ['http://site-b.example:8080', true], ['https://www.b.example', true], ['https://site-b.example.evil', false], ['https://evil-site-b.example', false],
	['https://b.example.evil', false], ['https://evil.example', false], ['null', false], [undefined, false]];
for (const [origin, isLetIn] of origins)
	test(`a page on ${origin ?? 'no origin'} ${isLetIn ? 'is let in' : 'is closed with 4009'} where the app names its origins; where it names none it is let in`, async () => {
		const [b, a] = [await open(B, origin), await open(A, origin)];
		if (isLetIn)
			assert.match(b.id, /^\d+\.\d+$/);
		else
			await waitFor(() => b.closed() === 4009, '4009');
		assert.match(a.id, /^\d+\.\d+$/);
		a.close();
		b.close();
	});
