/** PUSH_APPS_FILE: read at the start, read again on SIGHUP, refused as a whole when there is a mistake in it. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { BIN, ROOT, waitFor } from './harness.mjs';
import { Client, api, startPush } from './push.mjs';

const one = { id: 'one', key: 'key-one', secret: 'secret-one' };
const two = { id: 'two', key: 'key-two', secret: 'secret-two', capacity: 2 };
const as = (app) => ({ key: app.key, secret: app.secret });
let push;
const clients = [];
const client = async (options) => { const c = new Client(push, options); clients.push(c); return c.open(); };
const publish = (app, data) => api(push, 'POST', `/apps/${app.id}/events`, { body: { name: 'e', channel: 'c', data }, ...as(app) });

before(async () => { push = await startPush({ apps: [one, two] }); });
after(async () => {
	clients.forEach((c) => c.close());
	await push?.stop();
});

test('the apps of the file are there beside the environment\'s', async () => {
	for (const key of ['local', 'key-one', 'key-two']) {
		const c = await client({ key });
		assert.match(c.socketId, /^\d+\.\d+$/);
		c.close();
		await c.closed();
	}
	assert.equal(await (await client({ key: 'key-three' })).closed(), 4001);
});

test('changed limits take effect for those who are connected', async () => {
	const reader = await client({ key: one.key });
	await reader.subscribe('c', as(one));
	assert.equal((await publish(one, 'x'.repeat(100))).status, 200);
	push.writeApps([{ ...one, limits: { event_bytes: 99 } }, two]);
	assert.match(await push.reload(), /^reloaded/);
	assert.equal((await publish(one, 'x'.repeat(100))).status, 413);
	assert.equal((await publish(one, 'x'.repeat(99))).status, 200);
	await waitFor(() => reader.named('e').length === 2, 'both events on the same connection');
	assert.equal(reader.code, undefined);
});

test('a file with a mistake is refused whole, said with its place, and the old apps stay', async () => {
	const reader = await client({ key: one.key });
	for (const [text, said] of [
		['{"apps":[\n{"id":"one",\n}]}', /line 3 column 1/],
		[JSON.stringify({ apps: [one, { ...two, limits: { event_bytes: 'x' } }] }), /apps\[1\] \(id two\): limits\.event_bytes: must be null or a number/],
		[JSON.stringify({ apps: [{ id: 'local', key: 'local', secret: 'other' }] }), /id local: the environment's app has another key or secret/],
		['', /line 1 column 0/],
	]) {
		push.writeApps(text);
		const from = push.log.length;
		assert.match(await push.reload(), /^not reloaded/);
		assert.match(push.log.slice(from), said);
	}
	assert.equal((await publish(one, 'x')).status, 200);
	assert.equal(reader.code, undefined);
});

test('who is connected to an app that is disabled or goes is told, the others notice nothing', async () => {
	const [of1, of2, own] = [await client({ key: one.key }), await client({ key: two.key }), await client()];
	push.writeApps([{ ...one, enabled: false }]);
	await push.reload();
	assert.equal(await of1.closed(), 4003);
	assert.equal(of1.frames.at(-1).data.code, 4003);
	assert.equal(await of2.closed(), 4009);
	assert.equal(await (await client({ key: one.key })).closed(), 4003);
	assert.equal(await (await client({ key: two.key })).closed(), 4001);
	assert.equal((await publish(one, 'x')).status, 403);
	assert.equal((await publish(two, 'x')).status, 404);
	assert.equal(own.code, undefined);
	push.writeApps([one, two]);
	await push.reload();
	assert.equal((await client({ key: one.key })).code, undefined);
	assert.equal((await publish(two, 'x')).status, 200);
});

test('capacity counts connections, subscribed or not, and is never wrong after a storm', async () => {
	const count = async () => (await api(push, 'GET', '/apps/two/connections', as(two))).json.connections;
	await waitFor(async () => await count() === 0, 'nobody');
	const refused = await push.metric('push_refused_total{reason="capacity"}');
	for (let round = 0; round < 5; round++) {
		const storm = Array.from({ length: 60 }, () => new Client(push, { key: two.key }));
		await waitFor(() => storm.every((c) => c.frames.length > 0 || c.code !== undefined), 'an answer for each');
		const inside = storm.filter((c) => c.frames[0]?.event === 'pusher:connection_established');
		assert.equal(inside.length, 2);
		for (const c of storm.filter((x) => !inside.includes(x))) {
			assert.deepEqual(c.frames[0].data, { message: 'Over capacity', code: 4100 });
			assert.equal(await c.closed(), 4100);
		}
		assert.equal(await count(), 2);
		// half leave by the book, half without a word
		inside[0].close();
		inside[1].socket.close(3000, 'x');
		await waitFor(async () => await count() === 0, 'all gone');
	}
	assert.equal(await push.metric('push_refused_total{reason="capacity"}'), refused + 5 * 58);
	push.writeApps([one, { ...two, capacity: 3 }]);
	await push.reload();
	const three = await Promise.all([1, 2, 3].map(() => client({ key: two.key })));
	assert.ok(three.every((c) => c.socketId));
	push.writeApps([one, { ...two, capacity: 1 }]); // nobody is put out, nobody new comes in
	await push.reload();
	assert.equal(await count(), 3);
	assert.equal(await (await client({ key: two.key })).closed(), 4100);
	three.slice(0, 2).forEach((c) => c.close());
	await waitFor(async () => await count() === 1, 'two gone');
	three[2].close();
	await waitFor(async () => await count() === 0, 'all gone');
	assert.ok((await client({ key: two.key })).socketId);
});

test('the program does not start with a file that is wrong, and --check-config says so without starting', () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-apps-'));
	const none = join(dir, '.env'); // of nobody else
	writeFileSync(none, '', { mode: 0o600 });
	const run = (apps, { args = ['--check-config'], env = {}, mode = 0o600 } = {}) => {
		const file = join(dir, 'apps.json');
		writeFileSync(file, typeof apps === 'string' ? apps : JSON.stringify({ apps }));
		chmodSync(file, mode);
		const { status, stdout, stderr } = spawnSync(join(BIN, 'push-server'), args, {
			env: { PATH: process.env.PATH, HOME: dir, APP_ENV: 'local', VAR_DIR: dir, PUSH_SOCKET: join(dir, 's'), LARAVEL_WEBSOCKETS_PORT: '0', PUSH_APPS_FILE: file,
				ENV_FILE: none, ...env }, encoding: 'utf8', timeout: 20_000 });
		return { status, said: stdout + stderr };
	};
	const production = { APP_ENV: 'production', PUSHER_APP_KEY: 'k', PUSHER_APP_SECRET: '0123456789abcdef' };
	try {
		assert.equal(run([one, two]).status, 0);
		const bad = run([{ ...one, port: 1 }]);
		assert.equal(bad.status, 1);
		assert.match(bad.said, /apps\.json: apps\[0\] \(id one\): port: is unknown/);
		const started = run([{ ...one, key: 'local' }], { args: [] });
		assert.equal(started.status, 1);
		assert.match(started.said, /id one: its key is that of the environment's app/);
		assert.doesNotMatch(started.said, /listening/);
		assert.match(run([one], { env: production }).said, /secret: is shorter than 16/);
		assert.match(run([{ ...one, secret: '0123456789abcdef' }], { env: production, mode: 0o644 }).said, /every user of this machine can read it/);
		assert.equal(run([{ ...one, secret: '0123456789abcdef' }], { env: production }).status, 0);
		rmSync(join(dir, 'apps.json'));
		const gone = spawnSync(join(BIN, 'push-server'), ['--check-config'], { env: { PATH: process.env.PATH, HOME: dir, APP_ENV: 'local', VAR_DIR: dir,
			PUSH_APPS_FILE: join(dir, 'none.json'), ENV_FILE: none }, encoding: 'utf8' });
		assert.equal(gone.status, 1);
		assert.match(gone.stdout + gone.stderr, /none\.json: cannot be read/);
	} finally {
		rmSync(dir, { recursive: true });
	}
	const example = execFileSync(join(BIN, 'push-server'), ['--check-config'], {
		env: { PATH: process.env.PATH, HOME: '/tmp', APP_ENV: 'local', PUSH_APPS_FILE: join(ROOT, 'conf/apps.json'), ENV_FILE: '/dev/null' }, encoding: 'utf8' });
	assert.equal(typeof example, 'string');
});
