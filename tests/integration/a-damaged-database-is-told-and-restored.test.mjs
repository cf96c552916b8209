/**
 * A damaged page, a file that is none, a truncated log: never a crash, what can be read is right, the
 * rest is a 503 that health explains, and a backup put in place is served without anybody restarting
 * what answers. The damaged file stays where the operator puts it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { health, history, isAnswered, question } from './faults.mjs';
import { SLOW, startSystem, waitFor } from './harness.mjs';

const PAGE = 4096;
let system, db, backup;
const chats = [];
before(async () => {
	system = await startSystem();
	db = join(system.dir, 'var/charla.db');
	backup = join(system.dir, 'backup.db');
	for (let i = 0; i < 12; i++)
		chats.push(await question(system, `d${i}`, { bytes: 3000, directives: 'chunk=500' }));
	for (const q of chats)
		await isAnswered(system, q);
	execFileSync(join(system.place.bin, 'fcgi-app'), ['--backup', backup], { env: { ENV_FILE: system.place.envFile } });
});
after(() => system?.stop());

const own = (path) => system.place.user.uid === undefined || chownSync(path, system.place.user.uid, system.place.user.gid);

async function stopped(change) {
	for (const name of ['app', 'worker'])
		await system.programs[name].stop();
	change();
	await system.programs.app.start();
}

/** A copy of the backup, damaged by change(bytes), with nothing beside it. */
function put(change) {
	const bytes = readFileSync(backup);
	for (const suffix of ['-wal', '-shm'])
		rmSync(db + suffix, { force: true });
	writeFileSync(db, change(bytes) ?? bytes);
	own(db);
}

test('a page of zeros: right answers or a 503, from every route, and no crash', { timeout: 240_000 * SLOW }, async () => {
	const pages = statSync(backup).size / PAGE;
	let refused = 0;
	for (let i = 0; i < 8; i++) {
		const page = 1 + Math.floor(((i + 0.5) / 8) * (pages - 1));
		await stopped(() => put((bytes) => { bytes.fill(0, page * PAGE, (page + 1) * PAGE); }));
		for (const q of chats) {
			const answer = await fetch(`${system.url}/api/chats/${q.chatId}/history`);
			const body = await answer.json();
			assert.ok([200, 404, 503].includes(answer.status), `page ${page}: ${answer.status} ${JSON.stringify(body)}`);
			if (answer.status === 503)
				assert.equal(body.code, 'storage_failed');
			refused += answer.status === 503;
			for (const m of body.messages ?? [])
				assert.ok(m.id === q.messageId || m.id === q.replyId, 'nothing of another chat');
		}
		for (const path of ['/api/chats', '/api/search?q=pregunta', '/api/health', '/api/usage'])
			assert.ok([200, 503].includes((await fetch(system.url + path)).status), `page ${page}: ${path}`);
		const written = await question(system, 'd0');
		assert.ok([202, 503].includes(written.status), `page ${page}: ${written.status} ${JSON.stringify(written)}`);
		assert.equal(system.programs.app.ended, false);
	}
	assert.ok(refused > 0, 'the damage was met');
});

test('not a database: the service says so and why, and serves the backup once it is there', { timeout: 60_000 * SLOW }, async () => {
	await stopped(() => put((bytes) => { bytes.fill(0x58, 0, PAGE); }));
	for (const [method, path] of [['GET', '/api/chats'], ['GET', '/api/chats/d1/history'], ['POST', '/api/send-message']]) {
		const answer = await fetch(system.url + path, { method, ...(method === 'POST' ? { body: '{}', headers: { 'Content-Type': 'application/json' } } : {}) });
		assert.equal(answer.status, 503);
		assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
		assert.equal((await answer.json()).code, 'storage_failed');
	}
	const sick = await health(system);
	assert.equal(sick.status, 503);
	assert.equal(sick.ready, false);
	assert.equal(sick.reasons[0].code, 'database');
	assert.match(system.programs.app.log, /file is not a database/);
	// the operator keeps the file, and puts the backup in its place
	renameSync(db, `${db}.damaged`);
	copyFileSync(backup, `${db}.new`);
	own(`${db}.new`);
	renameSync(`${db}.new`, db);
	await waitFor(async () => (await health(system)).status === 200, 'health, without a restart');
	assert.equal(system.programs.app.ended, false);
	await system.programs.worker.start();
	for (const q of chats)
		await isAnswered(system, q);
	const again = await question(system, 'd1');
	assert.equal(again.status, 202);
	await isAnswered(system, again);
	assert.ok(existsSync(`${db}.damaged`));
});

test('a log that was cut off ends at its last whole commit', { timeout: 60_000 * SLOW }, async () => {
	const more = [];
	for (let i = 0; i < 5; i++)
		more.push(await question(system, `w${i}`, { directives: 'chunk=500' }));
	for (const q of more)
		await isAnswered(system, q);
	await system.kill('worker');
	await system.kill('app'); // the log stays
	const log = readFileSync(`${db}-wal`);
	assert.ok(log.length > 2 * PAGE);
	writeFileSync(`${db}-wal`, log.subarray(0, Math.floor(log.length * 0.6)));
	await system.programs.app.start();
	await system.programs.worker.start();
	assert.equal((await health(system)).status, 200);
	for (const q of chats)
		assert.equal((await history(system, q.chatId)).messages.length >= 2, true);
	const q = await question(system, 'after-the-cut');
	assert.equal(q.status, 202);
	await isAnswered(system, q);
});
