/** fcgi-app --migrate, --backup, --stats, --import, --drain, beside the running system. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';

import { ask, startSystem, waitFor } from './harness.mjs';
import { command, Person, SECRET } from './identities.mjs';

let system, ana, nobody;
before(async () => {
	system = await startSystem({ env: { JWT_SECRET: SECRET } });
	ana = Person.withJwt(system, { sub: 'ana' });
	nobody = new Person(system);
});
after(() => system?.stop());

/** What the command prints; or, if it fails, what it says and how it exits. */
function run(...args) {
	try {
		return { code: 0, out: command(system, ...args) };
	} catch (e) {
		return { code: e.status, out: `${e.stdout}${e.stderr}` };
	}
}
const stats = () => Object.fromEntries(command(system, '--stats').trim().split('\n').map((line) => line.split(' ')).map(([name, value]) => [name, Number(value)]));
const database = () => join(system.dir, 'var', 'charla.db');

test('--migrate says the schema, --stats counts', async () => {
	const { out } = run('--migrate');
	assert.match(out, /charla\.db has schema \d+\n$/);
	const before = stats();
	assert.equal(before.schema, Number(out.match(/schema (\d+)/)[1]));
	await ask(system, 'stats', 'hola [[echo]]');
	await ana.chat();
	const after = stats();
	assert.equal(after.messages, before.messages + 2);
	assert.equal(after.chats_open, before.chats_open + 1);
	assert.equal(after.chats_private, before.chats_private + 1);
	assert.ok(after.requests_today > 0 && after.tokens_today > 0 && after.database_bytes > 0);
	assert.equal(after.worker_running, 1);
});

test('--backup is whole and consistent while messages come in, and is its own file', async () => {
	const path = join(system.dir, 'var', 'copy.db');
	const acknowledged = [];
	let going = true;
	const posting = (async () => {
		for (let i = 0; going; i++) {
			const { status, json } = await nobody.say(`b${i}`, `mensaje ${i} [[bytes=300,delay=10]]`);
			if (status === 202)
				acknowledged.push(json.messageId);
		}
	})();
	await waitFor(() => acknowledged.length > 20, 'some messages');
	const known = [...acknowledged];
	for (let i = 0; i < 3; i++)
		assert.deepEqual(run('--backup', path), { code: 0, out: `${path} is a backup of ${database()}\n` });
	going = false;
	await posting;
	assert.deepEqual(readdirSync(dirname(path)).filter((name) => name.startsWith('copy.db')), ['copy.db']);
	assert.equal(statSync(path).mode & 0o077, 0, 'it is for nobody else');
	const copy = new DatabaseSync(path, { readOnly: true });
	assert.equal(copy.prepare('PRAGMA integrity_check').get().integrity_check, 'ok');
	const stored = new Set(copy.prepare('SELECT uid FROM messages').all().map((row) => row.uid));
	for (const uid of known)
		assert.ok(stored.has(uid), 'what was acknowledged before is in it');
	const epoch = (db) => db.prepare("SELECT v FROM meta WHERE k = 'epoch'").get().v;
	assert.notEqual(epoch(copy), epoch(new DatabaseSync(database(), { readOnly: true })), 'a restored copy is another time');
	copy.close();
	assert.equal(run('--backup', join(system.dir, 'no', 'such', 'dir', 'x.db')).code, 1);
	const { ino } = statSync(database());
	assert.match(run('--backup', database()).out, /is the database itself/);
	assert.equal(statSync(database()).ino, ino);
});

test('what does not fit together, or is asked by nobody, gets the usage', () => {
	for (const args of [['--days', '3'], ['--owner', 't:x'], ['--worker', '--listen', join(system.dir, 'other.sock')], ['--migrate', '--stats'], ['--nope'], ['word']]) {
		const { code, out } = run(...args);
		assert.equal(code, 2, args.join(' '));
		assert.match(out, /^usage: /m, args.join(' '));
	}
	assert.equal(existsSync(join(system.dir, 'other.sock')), false);
	const { status, stderr } = spawnSync(join(system.place.bin, 'fcgi-app'), [], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], cwd: system.dir, env: {} });
	assert.equal(status, 2);
	assert.match(stderr, /^usage: /);
});

test('a restored copy serves what was in it, and readers start afresh', { timeout: 60_000 }, async () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-copy-'));
	const reply = await ask(system, 'restored', 'antes [[echo]]');
	const { epoch, seq } = (await nobody.history('restored')).json;
	if (system.place.user.uid !== undefined) {
		chownSync(dir, system.place.user.uid, system.place.user.gid);
		chmodSync(dir, 0o700);
	}
	assert.equal(run('--backup', join(dir, 'charla.db')).code, 0);
	await ask(system, 'restored', 'después [[echo]]');
	const other = await startSystem({ env: { DB_PATH: join(dir, 'charla.db') } });
	try {
		const history = (await new Person(other).call('GET', `/api/chats/restored/history?after=${seq}&epoch=${epoch}`)).json;
		assert.equal(history.reset, true);
		assert.deepEqual(history.messages.map((m) => m.content), ['antes [[echo]]', reply.content]);
	} finally {
		await other.stop();
		rmSync(dir, { recursive: true, force: true });
	}
});

test('--import takes what export gave, for its new owner', async () => {
	const chatId = await ana.chat('Para otra');
	const file = join(system.dir, 'var', 'chat.json');
	writeFileSync(file, (await ana.call('GET', `/api/chats/${chatId}/export`)).text, { mode: 0o644 });
	assert.match(run('--import', file).out, /private chat: say whose it shall be with --owner/);
	const { code, out } = run('--import', file, '--owner', 'j:bea');
	assert.equal(code, 0, out);
	const [id] = out.split(' ');
	const bea = Person.withJwt(system, { sub: 'bea' });
	assert.equal((await bea.call('GET', `/api/chats/${id}`)).json.title, 'Para otra');
	assert.equal((await ana.call('GET', `/api/chats/${id}`)).status, 404);

	await ask(system, 'open-import', 'hola [[echo]]');
	writeFileSync(file, (await nobody.call('GET', '/api/chats/open-import/export')).text);
	assert.match(run('--import', file).out, /there is a chat open-import already/);
	writeFileSync(file, (await nobody.call('GET', '/api/chats/open-import/export')).text.replace('"open-import"', '4711'));
	assert.equal(run('--import', file).out, '4711 with 2 messages\n');
	assert.equal((await nobody.history('4711')).json.chatId, 4711);
	for (const [text, says] of [['{', /not JSON/], ['{"format":"x"}', /no chat that Charla has exported/]]) {
		writeFileSync(file, text);
		const bad = run('--import', file);
		assert.equal(bad.code, 1);
		assert.match(bad.out, says);
	}
	assert.equal(run('--import', '/nonexistent').code, 1);
	assert.equal(run('--import', file, '--owner', '').code, 1);
});

test('--drain does the work that waits, and leaves', { timeout: 60_000 }, async () => {
	await system.kill('worker', 'SIGTERM');
	const replies = [];
	for (let i = 0; i < 3; i++)
		replies.push((await nobody.say(`drain${i}`, `espera ${i} [[echo]]`)).json.replyId);
	const started = Date.now();
	assert.equal(run('--drain').code, 0);
	assert.ok(Date.now() - started < 10_000);
	for (const [i, id] of replies.entries())
		assert.equal((await nobody.history(`drain${i}`)).json.messages.find((m) => m.id === id).status, 'complete');
	assert.equal(stats().jobs_queued, 0);
	assert.equal(stats().index_waiting, 0);
	assert.equal(stats().worker_running, 0);
	await system.restart('worker');
});

test('--drain does not wait for a push server that is away: the next run sends it', { timeout: 90_000 }, async () => {
	await system.kill('worker', 'SIGTERM');
	await system.kill('push');
	await nobody.say('drained', 'espera [[echo]]');
	const { error, status } = spawnSync(join(system.place.bin, 'fcgi-app'), ['--drain'],
		{ env: system.programs.app.env, cwd: system.dir, ...system.place.user, timeout: 20_000 });
	assert.equal(error, undefined);
	assert.equal(status, 0);
	const left = stats();
	assert.equal(left.jobs_queued, 0);
	assert.ok(left.events_waiting > 0);
	await system.restart('push');
	assert.equal(run('--drain').code, 0);
	assert.equal(stats().events_waiting, 0);
	await system.restart('worker');
});

test('a socket takes no file\'s place', () => {
	const file = join(system.dir, 'var', 'precious'), env = join(system.dir, 'precious.env');
	writeFileSync(file, 'precious', { mode: 0o666 });
	writeFileSync(env, `APP_ENV=local\nVAR_DIR='${join(system.dir, 'var', 'other')}'\nWORKER_SOCKET='${file}'\nPUSH_SOCKET='${file}'\nLARAVEL_WEBSOCKETS_PORT=0\n`, { mode: 0o644 });
	for (const [program, ...args] of [['fcgi-app', '--listen', file], ['fcgi-app', '--worker'], ['push-server']]) {
		const { status } = spawnSync(join(system.place.bin, program), [...args, '--env', env], { ...system.place.user, timeout: 20_000 });
		assert.equal(status, 1, `${program} ${args}`);
		assert.equal(readFileSync(file, 'utf8'), 'precious', `${program} ${args}`);
	}
});

test('a VAR_DIR that is not there is made 2750', () => {
	const fresh = join(system.dir, 'var', 'fresh');
	const env = join(system.dir, 'fresh.env');
	writeFileSync(env, `APP_ENV=local\nVAR_DIR='${fresh}'\n`, { mode: 0o644 });
	assert.equal(spawnSync(join(system.place.bin, 'fcgi-app'), ['--migrate', '--env', env], system.place.user).status, 0);
	assert.equal(statSync(fresh).mode & 0o7777, 0o2750);
});

test('without a database they say so, and make none', () => {
	const nowhere = join(system.dir, 'var', 'nothing.db');
	const env = join(system.dir, 'other.env');
	writeFileSync(join(system.dir, 'var', 'good.json'), '{"format":"charla-chat","version":1,"chat":{"chatId":"x","visibility":"open"},"messages":[]}', { mode: 0o644 });
	writeFileSync(env, `APP_ENV=local\nVAR_DIR='${join(system.dir, 'var')}'\nDB_PATH='${nowhere}'\n`, { mode: 0o644 });
	for (const args of [['--stats'], ['--backup', join(system.dir, 'var', 'x.db')], ['--import', join(system.dir, 'var', 'good.json')]]) {
		const { status, stderr } = spawnSync(join(system.place.bin, 'fcgi-app'), [...args, '--env', env], { encoding: 'utf8', ...system.place.user });
		assert.equal(status, 1, args[0]);
		assert.match(stderr, /there is no database at/, args[0]);
	}
	assert.equal(existsSync(nowhere), false);
});
