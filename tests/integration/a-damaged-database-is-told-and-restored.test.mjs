/**
 * A damaged database is found when a service starts (a large one while it runs), and then nothing is
 * read from it or written to it. A damaged page, a file that is none, a truncated log: never a crash, what can be read is right, the
 * rest is a 503 that health explains, and a backup put in place is served without anybody restarting
 * what answers. The damaged file stays where the operator puts it.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';

import { health, history, isAnswered, question } from './faults.mjs';
import { SLOW, startSystem, waitFor } from './harness.mjs';

const PAGE = 4096;
let system, db, backup;
const chats = [];
before(async () => {
	system = await startSystem();
	system.programs.worker.okCodes = [0, 1]; // it leaves where it is told that all is damaged
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

const check = () => spawnSync(join(system.place.bin, 'fcgi-app'), ['--check-database'], { env: { ENV_FILE: system.place.envFile }, encoding: 'utf8', ...system.place.user });
const restore = () => {
	for (const suffix of ['', '-wal', '-shm'])
		if (existsSync(db + suffix))
			renameSync(db + suffix, `${db}${suffix}.aside`);
	copyFileSync(backup, db);
	own(db);
};
/** A leaf page with rows of a table or index of ours. */
function pageOf(name) {
	const copy = new DatabaseSync(backup, { readOnly: true });
	const { pageno } = copy.prepare("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' AND ncell > 0 LIMIT 1").get(name);
	copy.close();
	return pageno - 1;
}

test('found at the start: nothing is read, nothing is written, and what is wrong is said', { timeout: 60_000 * SLOW }, async () => {
	for (const name of ['messages', 'messages_changed']) {
		await stopped(() => put((bytes) => { bytes.fill(0, pageOf(name) * PAGE, (pageOf(name) + 1) * PAGE); }));
		const bytes = readFileSync(db);
		for (const path of ['/api/chats', '/api/chats/d1/history', '/api/me', '/api/search?q=pregunta']) {
			const answer = await fetch(system.url + path);
			assert.equal(answer.status, 503, path);
			assert.equal((await answer.json()).code, 'storage_failed');
		}
		assert.equal((await question(system, 'd1')).status, 503);
		const sick = await health(system);
		assert.deepEqual([sick.status, sick.ready, sick.reasons[0].code], [503, false, 'database']);
		assert.match(sick.reasons[0].detail, /damaged.*--check-database/);
		assert.match(system.programs.app.log, /the database is damaged: .* reason="/);
		await system.programs.worker.start().catch(() => {});
		await waitFor(() => system.programs.worker.ended, 'nor does a worker work on it');
		assert.equal(system.programs.worker.code, 1);
		const said = check();
		assert.equal(said.status, 1);
		assert.match(said.stdout, /./);
		assert.match(said.stderr, /damaged/);
		assert.ok(readFileSync(db).equals(bytes), 'the file is as it was');
		restore();
		await waitFor(async () => (await health(system)).status === 200, 'health, without a restart');
		assert.equal(existsSync(`${db}.check-failed`), false);
		assert.match(check().stdout, /is whole/);
		assert.equal(check().status, 0);
		assert.ok(readFileSync(`${db}.aside`).equals(bytes));
	}
});

test('mended in place: it is looked at again', { timeout: 60_000 * SLOW }, async () => {
	await stopped(() => put((bytes) => { bytes.fill(0, pageOf('messages') * PAGE, (pageOf('messages') + 1) * PAGE); }));
	assert.equal((await health(system)).status, 503);
	writeFileSync(db, readFileSync(backup));
	await waitFor(async () => (await health(system)).status === 200, 'health, without a restart');
	await system.programs.worker.start();
	for (const q of chats)
		await isAnswered(system, q);
});

test('a large one is served meanwhile, and no more once the damage is found', { timeout: 60_000 * SLOW }, async () => {
	await stopped(restore);
	await system.programs.app.stop();
	const large = new DatabaseSync(db);
	large.exec("CREATE TABLE filler(b BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80) INSERT INTO filler SELECT zeroblob(1048576) FROM n");
	const { pageno } = large.prepare("SELECT pageno FROM dbstat WHERE name = 'filler' AND pagetype = 'leaf' LIMIT 1").get();
	large.exec('PRAGMA wal_checkpoint(TRUNCATE)');
	large.close();
	const bytes = readFileSync(db);
	bytes.fill(0x55, (pageno - 1) * PAGE, pageno * PAGE);
	writeFileSync(db, bytes);
	writeFileSync(`${db}.made`, ''); // nobody has checked it yet
	await system.programs.app.start();
	await waitFor(async () => (await health(system)).reasons?.some((r) => /damaged/.test(r.detail)), 'the damage is found');
	assert.equal((await question(system, 'd1')).status, 503);
	assert.equal((await fetch(`${system.url}/api/chats/d1/history`)).status, 503);
	assert.equal(system.programs.app.ended, false);
	// the same, whole: it is checked once, and not again at the next start
	await stopped(() => {
		bytes.fill(0, (pageno - 1) * PAGE, pageno * PAGE);
		restore();
		const whole = new DatabaseSync(db);
		whole.exec("CREATE TABLE filler(b BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80) INSERT INTO filler SELECT zeroblob(1048576) FROM n");
		whole.close();
		own(db);
	});
	const checked = () => JSON.parse(readFileSync(`${db}.made`, 'utf8') || '{}');
	await waitFor(() => checked().inode === statSync(db).ino, 'the check is noted');
	assert.equal((await health(system)).status, 200);
	const { checkedMs } = checked();
	const starts = () => system.programs.app.log.match(/is checked for damage/g).length;
	const before = starts();
	await stopped(() => {});
	assert.equal((await health(system)).status, 200);
	assert.deepEqual([starts(), checked().checkedMs], [before, checkedMs]);
});
