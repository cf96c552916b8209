/**
 * Before a disk is full nothing new is accepted: posts, new chats and imports get 507, while reading,
 * deleting, stopping and the replies that run go on. When the last room goes, the ballast beside the
 * database is let go for them; when there is room again it comes back, and so does everything, without
 * a restart. Said once in the log, and in health and metrics for as long as it lasts.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { cgi } from './cgi.mjs';
import { health, history, isAnswered, isProblem, question } from './faults.mjs';
import { faultEnv, postJson, SLOW, startSystem, waitFor } from './harness.mjs';
import { parse } from './prometheus.mjs';

const MIB = 1024 * 1024;
const count = (log, pattern) => log.match(pattern)?.length ?? 0;
const hasText = (system, q) => waitFor(async () =>
	(await history(system, q.chatId)).messages?.find((m) => m.id === q.replyId)?.content.length > 0, 'text');

/** Blocks of its own, not a hole. */
const ballastOf = (dir) => {
	const { size, blocks } = statSync(join(dir, 'charla.db.ballast'), { throwIfNoEntry: false }) ?? { size: 0, blocks: 0 };
	return Math.min(size, blocks * 512);
};

/** status and code of an answer */
async function problem(answer) {
	const { status } = answer;
	assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
	return { status, code: (await answer.json()).code };
}
const FULL = { status: 507, code: 'storage_full' };

describe('a disk that says how much is free', () => {
	let system, dir, cookie, own;
	const send = (method, path, body) => fetch(system.url + path, { method, headers: { 'Content-Type': 'application/json', cookie }, ...(body && { body: JSON.stringify(body) }) });
	before(async () => {
		system = await startSystem({ faults: true });
		dir = join(system.dir, 'var');
		const session = await postJson(`${system.url}/api/session`, {});
		cookie = session.headers.get('set-cookie').split(';')[0];
		own = await (await send('POST', '/api/chats', {})).json();
	});
	after(() => system?.stop());
	const isCalm = () => waitFor(async () => (await health(system)).status === 200, 'health, without a restart');

	test('the ballast is there from the start, in blocks of its own', async () => {
		assert.equal(ballastOf(dir), 16 * MIB);
		assert.equal((await health(system)).ballast, 'ready');
		assert.equal(statSync(join(dir, 'charla.db.ballast')).mode & 0o007, 0, 'not for others');
	});

	test('little room: what grows is refused, the rest goes on, each outage is said once', { timeout: 60_000 * SLOW }, async () => {
		const asked = await question(system, 'to-delete');
		await isAnswered(system, asked);
		for (let outage = 1; outage <= 3; outage++) {
			const running = await question(system, `low-${outage}`, { bytes: 3000 });
			const stopped = await question(system, `stop-${outage}`, { bytes: 9000 });
			await hasText(system, running);
			await hasText(system, stopped);
			system.fault(`free ${64 * MIB - 4096}`);
			await waitFor(async () => (await health(system)).status === 503, 'health tells');
			isProblem(await question(system, `refused-${outage}`), 507, 'storage_full');
			assert.equal((await fetch(`${system.url}/api/chats/refused-${outage}/history`)).status, 404, 'nothing of it is there');
			for (const [method, path, body] of [['POST', '/api/chats', {}], ['POST', '/api/session', { name: 'x' }], ['POST', `/api/chats/${own.chatId ?? own.id}/share`, {}],
				['POST', '/api/import', { format: 'charla-chat' }], ['PATCH', `/api/chats/low-${outage}/messages/${running.messageId}`, { content: 'x' }],
				['POST', `/api/chats/to-delete/messages/${asked.replyId}/regenerate`]])
				assert.deepEqual(await problem(await send(method, path, body)), FULL, path);
			const sick = await health(system);
			assert.deepEqual([sick.ready, sick.disk, sick.database, sick.ballast], [false, 'low', 'ok', 'ready']);
			assert.deepEqual(sick.reasons.map((r) => [r.code, r.setting]), [['disk_low', 'DISK_MIN_FREE_MB']]);
			// reading, stopping, deleting, and what runs
			for (const path of ['/api/chats', `/api/chats/low-${outage}/history`, '/api/search?q=pregunta', '/api/me'])
				assert.equal((await send('GET', path)).status, 200, path);
			assert.equal((await postJson(`${system.url}/api/chats/stop-${outage}/stop`, {})).status, 200);
			assert.equal((await send('DELETE', `/api/chats/stop-${outage}`)).status, 200);
			await isAnswered(system, running);
			const { samples } = parse(await (await fetch(`${system.url}/api/metrics`)).text());
			const told = (name) => samples.find((s) => s.name === `charla_${name}`)?.value;
			assert.deepEqual(['disk_is_low', 'disk_free_bytes', 'disk_min_free_bytes', 'disk_ballast_bytes'].map(told), [1, 64 * MIB - 4096, 64 * MIB, 16 * MIB]);
			const refusals = samples.find((s) => s.name === 'charla_http_refused_total' && s.labels.code === 'storage_full')?.value ?? 0;
			assert.ok(refusals >= 8 * (outage - 1), `refusals are counted: ${refusals}`);
			// a little above is not over yet
			system.fault(`free ${64 * MIB + 4096}`);
			const until = Date.now() + 600;
			await waitFor(() => Date.now() > until, 'some time');
			isProblem(await question(system, `refused-${outage}`), 507, 'storage_full');
			system.fault();
			await isCalm();
			const again = await question(system, `refused-${outage}`);
			assert.equal(again.status, 202);
			await isAnswered(system, again);
			const { log } = system.programs.app;
			assert.equal(count(log, /the disk is nearly full/g), outage, log);
			assert.equal(count(log, /the disk has room again/g), outage, log);
		}
		assert.equal(ballastOf(dir), 16 * MIB);
		assert.ok(count(system.programs.worker.log, /the disk is nearly full/g) <= 3);
	});

	test('the command line imports nothing either', async () => {
		const file = join(system.dir, 'chat.json');
		writeFileSync(file, await (await fetch(`${system.url}/api/chats/to-delete/export`)).text());
		const bring = () => spawnSync(join(system.place.bin, 'fcgi-app'), ['--import', file, '--owner', 't:somebody'],
			{ env: { ENV_FILE: system.place.envFile, ...faultEnv(system.place, 'app') }, encoding: 'utf8', ...system.place.user });
		system.fault(`free ${8 * MIB}`);
		const refused = bring();
		system.fault();
		assert.match(refused.stderr, /the disk is nearly full: nothing was imported/);
		assert.equal(refused.status, 1);
		const taken = bring();
		assert.equal(taken.status, 0, taken.stderr);
	});

	test('no room at all: the ballast is let go, and comes back', { timeout: 60_000 * SLOW }, async () => {
		system.fault(`free ${5 * MIB}`);
		await waitFor(async () => (await health(system)).ballast === 'released', 'the ballast is released');
		assert.equal(ballastOf(dir), 0);
		// its room opens nothing
		system.fault(`free ${21 * MIB}`);
		isProblem(await question(system, 'n1'), 507, 'storage_full');
		system.fault();
		await isCalm();
		await waitFor(async () => (await health(system)).ballast === 'ready', 'the ballast is back');
		assert.equal(ballastOf(dir), 16 * MIB);
		const log = system.programs.app.log + system.programs.worker.log;
		assert.equal(count(log, /the ballast is released/g), 1, log);
		const q = await question(system, 'n1');
		assert.equal(q.status, 202);
		await isAnswered(system, q);
	});

	test('SQLite finds the disk full although it said otherwise: the ballast goes, too', { timeout: 60_000 * SLOW }, async () => {
		system.fault('full');
		isProblem(await question(system, 'f1'), 507, 'storage_full');
		assert.equal(ballastOf(dir), 0);
		system.fault();
		const q = await question(system, 'f1');
		assert.equal(q.status, 202, 'nobody waits for the ballast');
		await isAnswered(system, q);
		await waitFor(async () => (await health(system)).ballast === 'ready', 'the ballast is back');
	});

	test("the user's share of the disk is used up: 507, and nobody ends for it", { timeout: 60_000 * SLOW }, async () => {
		system.fault('quota');
		let refused;
		for (let i = 0; i < 200 && (refused = await question(system, `quota-${i}`)).status === 202;)
			i++;
		isProblem(refused, 507, 'storage_full');
		assert.equal((await fetch(`${system.url}/api/chats/low-1/history`)).status, 200);
		system.fault();
		await isCalm();
		const q = await question(system, refused.chatId);
		assert.equal(q.status, 202);
		await isAnswered(system, q);
		for (const name of ['app', 'worker'])
			assert.equal(system.programs[name].ended, false, `${name} goes on`);
	});

	test('plain CGI says the same', { timeout: 60_000 * SLOW }, async () => {
		const env = faultEnv(system.place, 'app');
		const post = JSON.stringify({ chatId: 'cgi-low', messages: [{ role: 'user', content: 'x' }] });
		system.faultOf('app', `free ${30 * MIB}`);
		const answer = await cgi(system, 'POST', '/api/send-message', post, env);
		assert.deepEqual([answer.status, answer.json.code], [507, 'storage_full'], answer.log);
		assert.equal((await cgi(system, 'GET', '/api/chats', '', env)).status, 200);
		system.fault();
		assert.equal((await cgi(system, 'POST', '/api/send-message', post, env)).status, 202);
	});
});

describe('both switched off', () => {
	let system;
	before(async () => { system = await startSystem({ faults: true, env: { DISK_MIN_FREE_MB: 0, DISK_BALLAST_MB: 0 } }); });
	after(() => system?.stop());

	test('SQLite alone says when it is enough', { timeout: 60_000 * SLOW }, async () => {
		assert.equal(existsSync(join(system.dir, 'var/charla.db.ballast')), false);
		assert.equal((await health(system)).ballast, 'off');
		system.fault('free 0');
		const q = await question(system, 'off');
		assert.equal(q.status, 202);
		await isAnswered(system, q);
		system.fault();
	});
});

describe('a real file system of 24 MiB', () => {
	let system, dir, why;
	before(async () => {
		dir = mkdtempSync(join(tmpdir(), 'charla-full-'));
		const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0777', 'tmpfs', dir], { encoding: 'utf8' });
		if (mounted.status !== 0) {
			why = `no file system can be mounted here: ${mounted.error ?? mounted.stderr}`;
			return;
		}
		mkdirSync(join(dir, 'var'), { mode: 0o777 });
		execFileSync('chmod', ['777', join(dir, 'var')]);
		system = await startSystem({ env: { VAR_DIR: join(dir, 'var') } });
	});
	after(async () => {
		await system?.stop();
		if (why === undefined)
			execFileSync('umount', [dir]);
		rmSync(dir, { recursive: true });
	});

	/** Takes all there is, and what others let go meanwhile stays theirs. */
	function fill() {
		const fd = openSync(join(dir, 'filler'), 'w');
		const block = Buffer.alloc(4096, 1);
		try {
			for (;;)
				writeSync(fd, block);
		} catch (e) {
			assert.equal(e.code, 'ENOSPC');
		} finally {
			closeSync(fd);
		}
	}

	for (let round = 1; round <= 4; round++)
		test(`full and free again, ${round}`, { timeout: 60_000 * SLOW }, async (t) => {
			if (why !== undefined)
				return t.skip(why);
			const { size } = statSync(join(dir, 'var/charla.db.ballast'));
			assert.ok(size > 256 * 1024 && size <= 24 * MIB / 50, `a fiftieth: ${size}`);
			const running = [];
			for (let i = 0; i < 3; i++)
				running.push(await question(system, `r${round}-${i}`, { bytes: 4000 }));
			for (const q of running)
				await hasText(system, q);
			fill();
			await waitFor(async () => (await health(system)).status === 503, 'it is noticed');
			isProblem(await question(system, `x${round}`), 507, 'storage_full');
			await waitFor(async () => (await health(system)).ballast === 'released', 'the ballast is released');
			for (const q of running)
				await isAnswered(system, q); // while the disk is full
			isProblem(await question(system, `x${round}`), 507, 'storage_full');
			assert.equal((await fetch(`${system.url}/api/chats/r${round}-0`, { method: 'DELETE' })).status, 200);
			assert.equal((await fetch(`${system.url}/api/chats/r${round}-0/history`)).status, 404);
			rmSync(join(dir, 'filler'));
			await waitFor(async () => (await health(system)).status === 200, 'health, without a restart');
			const q = await question(system, `x${round}`);
			assert.equal(q.status, 202);
			await isAnswered(system, q);
			for (const before of running.slice(1))
				await isAnswered(system, before);
			await waitFor(async () => (await health(system)).ballast === 'ready', 'the ballast is back');
			for (const name of ['app', 'worker'])
				assert.equal(system.programs[name].ended, false);
		});
});
