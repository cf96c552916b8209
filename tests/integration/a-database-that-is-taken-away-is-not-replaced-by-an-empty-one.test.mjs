/**
 * The database file is moved, deleted or replaced while all runs: within a second whoever asks is told
 * (503), nobody makes an empty one in its place, and when it is back all goes on. Another file in its
 * place is taken by new processes, the old ones end.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { cgi } from './cgi.mjs';
import { health, history, isAnswered, isProblem, question } from './faults.mjs';
import { SLOW, startSystem, waitFor } from './harness.mjs';

let system, db;
before(async () => { system = await startSystem(); db = join(system.dir, 'var/charla.db'); });
after(() => system?.stop());

const own = (path) => system.place.user.uid === undefined || chownSync(path, system.place.user.uid, system.place.user.gid);
const command = (...args) => spawnSync(join(system.place.bin, 'fcgi-app'), args, { env: { ENV_FILE: system.place.envFile }, encoding: 'utf8', ...system.place.user });

test('moved away under load, and back', { timeout: 60_000 * SLOW }, async () => {
	const before = await question(system, 'm0', { bytes: 4000 });
	await waitFor(async () => (await history(system, 'm0')).messages?.find((m) => m.id === before.replyId)?.content.length > 0, 'text');
	renameSync(db, `${db}.aside`);
	const from = Date.now();
	isProblem(await question(system, 'm1'), 503, 'storage_failed');
	assert.equal((await fetch(`${system.url}/api/chats/m0/history`)).status, 503);
	const sick = await health(system);
	assert.equal(sick.status, 503);
	assert.equal(sick.reasons[0].code, 'database');
	assert.ok(Date.now() - from < 1_000 * SLOW);
	// nor does a process that comes new make one
	assert.equal((await cgi(system, 'GET', '/api/chats')).status, 503);
	assert.equal((await cgi(system, 'POST', '/api/send-message', '{"chatId":"x","messages":[{"role":"user","content":"x"}]}')).status, 503);
	assert.notEqual(command('--stats').status, 0);
	assert.equal(existsSync(db), false);
	renameSync(`${db}.aside`, db);
	await waitFor(async () => (await health(system)).status === 200, 'health');
	await isAnswered(system, before);
	const q = await question(system, 'm1');
	assert.equal(q.status, 202);
	await isAnswered(system, q);
	for (const name of ['app', 'worker'])
		assert.equal(system.programs[name].ended, false);
});

test('replaced by its backup: the old processes end, new ones serve it', { timeout: 60_000 * SLOW }, async () => {
	const kept = await question(system, 'r0');
	await isAnswered(system, kept);
	const backup = join(system.dir, 'backup.db');
	execFileSync(join(system.place.bin, 'fcgi-app'), ['--backup', backup], { env: { ENV_FILE: system.place.envFile } });
	own(backup);
	renameSync(backup, db);
	await waitFor(() => system.programs.worker.ended, 'the worker ends');
	await fetch(`${system.url}/api/chats/r0/history`).catch(() => {});
	await waitFor(() => system.programs.app.ended, 'fcgi-app ends');
	for (const name of ['app', 'worker']) {
		assert.equal(system.programs[name].code, 1);
		assert.match(system.programs[name].log, /another file is in the database's place/);
	}
	for (const suffix of ['-wal', '-shm']) // as the manual says
		rmSync(db + suffix, { force: true });
	for (const name of ['app', 'worker'])
		await system.programs[name].start();
	await waitFor(async () => (await health(system)).status === 200, 'health');
	await isAnswered(system, kept);
});

test('deleted: nobody makes a new one but who is told to', { timeout: 60_000 * SLOW }, async () => {
	for (const suffix of ['', '-wal', '-shm'])
		rmSync(db + suffix, { force: true });
	isProblem(await question(system, 'x1'), 503, 'storage_failed');
	await system.programs.app.stop();
	await system.programs.app.start();
	isProblem(await question(system, 'x1'), 503, 'storage_failed');
	assert.match(system.programs.app.log, /--migrate/);
	assert.equal(existsSync(db), false);
	assert.equal(command('--migrate').status, 0);
	await waitFor(async () => (await health(system)).status === 200, 'health');
	await waitFor(() => system.programs.worker.ended, 'the worker of the old file ends');
	await system.programs.worker.start();
	const q = await question(system, 'x1');
	assert.equal(q.status, 202, `${JSON.stringify(q)}\n${system.programs.app.log}`);
	await isAnswered(system, q);
});
