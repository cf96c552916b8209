/**
 * Random damage to the database and to the files beside it. Whatever it is: no program ends by a signal,
 * nobody sees a word of another's chat, what is accepted (202) is there afterwards or the answer is a 5xx
 * that says so, and whoever has checked the file gives the right answers or none.
 *
 * DAMAGES: how many (40; make soak: 1000). SEED: of a run that failed, it is printed.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';

import { cgi } from './cgi.mjs';
import { ask as fcgi } from './fcgi.mjs';
import { listens, postJson, SLOW, startSystem, waitFor } from './harness.mjs';

const PAGE = 4096;
const DAMAGES = Number(process.env.DAMAGES ?? 40);
const SEED = Number(process.env.SEED ?? (Date.now() & 0x7fffffff));
const AT_ONCE = 4;
const OPEN = { is: 'what anybody may find' };
const SANITIZER = /Sanitizer|runtime error: /;

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed) {
	let a = seed >>> 0;
	const unit = () => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = Math.imul(a ^ (a >>> 15), 1 | a);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
	const below = (n) => Math.floor(unit() * n);
	return { below, bytes: (n) => Buffer.from(Array.from({ length: n }, () => below(256))) };
}

const page = (bytes, n) => bytes.subarray(n * PAGE, (n + 1) * PAGE);
const flip = (random, bytes, n) => { for (let i = 0; i < n && bytes.length > 0; i++) bytes[random.below(bytes.length)] ^= 1 << random.below(8); };
/** Each takes the files and changes them; whether letters of a text may be others afterwards. */
const damages = [
	['a page of zeros', true, (f, r) => { page(f.db, r.below(f.db.length / PAGE)).fill(0); }],
	['a page of noise', true, (f, r) => { const p = page(f.db, r.below(f.db.length / PAGE)); r.bytes(PAGE).copy(p); }],
	['a page in another place', true, (f, r) => { page(f.db, r.below(f.db.length / PAGE)).copy(page(f.db, r.below(f.db.length / PAGE))); }],
	['a bit', true, (f, r) => flip(r, f.db, 1)],
	['some bits', true, (f, r) => flip(r, f.db, 2 + r.below(200))],
	['bits of one page', true, (f, r) => flip(r, page(f.db, r.below(f.db.length / PAGE)), 1 + r.below(50))],
	['the header', true, (f, r) => flip(r, f.db.subarray(0, 100), 1 + r.below(8))],
	['a database cut off', false, (f, r) => { f.db = f.db.subarray(0, r.below(f.db.length)); }],
	['an empty database', false, (f) => { f.db = Buffer.alloc(0); }],
	['no database', false, (f, r) => { f.db = r.bytes(1 + r.below(3 * PAGE)); }],
	['a log cut off', false, (f, r) => { f.wal = f.wal.subarray(0, r.below(f.wal.length)); }],
	['bits of the log', false, (f, r) => flip(r, f.wal, 1 + r.below(50))],
	['a log of noise', false, (f, r) => { const at = r.below(f.wal.length); r.bytes(f.wal.length - at).copy(f.wal, at); }],
	['an index of the log of noise', false, (f, r) => { f.shm = r.bytes(32768); }],
	['an index of the log cut off', false, (f, r) => { f.shm = f.shm.subarray(0, r.below(f.shm.length)); }],
];

let system, whole, chats, owner;
const own = (path) => system.place.user.uid === undefined || chownSync(path, system.place.user.uid, system.place.user.gid);

before(async () => {
	system = await startSystem();
	const random = randomOf(SEED);
	const word = () => `zz${random.bytes(9).toString('hex')}zz`;
	const session = await postJson(`${system.url}/api/session`, {});
	owner = { cookie: session.headers.get('set-cookie').split(';')[0] };
	chats = [];
	for (let i = 0; i < 12; i++) {
		const isPrivate = i % 3 === 0;
		const id = isPrivate ? (await (await postJson(`${system.url}/api/chats`, {}, owner)).json()).chatId : `chat-${i}`;
		const marker = word();
		for (let turn = 0; turn < 2 + i % 3; turn++) {
			const content = `${marker} ${'palabra '.repeat(turn === 1 ? 900 : 20)} ${marker}`;
			const posted = await postJson(`${system.url}/api/send-message`, { chatId: id, messages: [{ role: 'user', content }] }, owner);
			assert.equal(posted.status, 202);
			const { replyId } = await posted.json();
			await waitFor(async () => {
				const { messages } = await (await fetch(`${system.url}/api/chats/${id}/history`, { headers: owner })).json();
				return messages?.find((m) => m.id === replyId)?.status === 'complete';
			}, 'the answer');
		}
		const history = await (await fetch(`${system.url}/api/chats/${id}/history`, { headers: owner })).json();
		chats.push({ id, isPrivate, marker, messages: history.messages });
		if (i === 5) { // what came so far goes into the database, the rest stays in the log
			const db = new DatabaseSync(join(system.dir, 'var/charla.db'));
			db.exec('PRAGMA wal_checkpoint(PASSIVE)');
			db.close();
		}
	}
	for (const name of ['app', 'worker'])
		await system.kill(name); // what the log holds stays in the log
	const file = (suffix) => readFileSync(join(system.dir, `var/charla.db${suffix}`));
	whole = { db: file(''), wal: file('-wal'), shm: file('-shm') };
	assert.ok(whole.db.length > 20 * PAGE && whole.wal.length > 20 * PAGE, 'both hold something');
});
after(() => system?.stop());

/** A place of its own with the damaged files in it. */
function place(n, files) {
	const dir = join(system.dir, `damage-${n}`);
	mkdirSync(dir, { mode: 0o750 });
	const put = (name, bytes) => { writeFileSync(join(dir, name), bytes, { mode: 0o660 }); own(join(dir, name)); };
	put('charla.db', files.db);
	put('charla.db-wal', files.wal);
	put('charla.db-shm', files.shm);
	put('charla.db.made', '');
	put('app.key', readFileSync(join(system.dir, 'var/app.key')));
	own(dir);
	return { dir, db: join(dir, 'charla.db'), env: { VAR_DIR: dir, DB_PATH: join(dir, 'charla.db'), WORKER_SOCKET: join(dir, 'w.sock'), DISK_BALLAST_MB: '0' } };
}

/** The form of every answer, and that no word of another chat is in it. */
function look({ status, headers, json, text }, what, mine, ok) {
	assert.ok([...ok, 500, 503].includes(status), `${what}: ${status} ${text}`);
	if (status >= 400 && json?.reasons === undefined) // health has a form of its own
		assert.match(headers, /application\/problem\+json/i, what);
	if (status >= 500)
		assert.ok(json?.code ?? json?.reasons, what);
	for (const other of chats)
		if (other !== mine && (mine !== OPEN || other.isPrivate))
			assert.ok(!text.includes(other.marker.slice(2, -2)), `${what}: a word of ${other.id}`);
}

/** Right, apart from single letters where bytes were changed. */
function isRight(chat, json, mayDiffer, what) {
	assert.deepEqual(json.messages.map((m) => m.id), chat.messages.map((m) => m.id), what);
	if (!mayDiffer)
		assert.deepEqual(json.messages.map((m) => m.content), chat.messages.map((m) => m.content), what);
}

/** asks: (method, path, body, headers) => { status, headers, json, text } */
async function useIt(send, what, n, isCheap, mayDiffer, hasLostSome) {
	const tally = { right: 0, refused: 0 };
	// processes of their own are slow: fewer of them
	const asked = [chats[n % chats.length], chats[(n * 5 + 3) % chats.length], ...(isCheap ? chats.filter((c, i) => i % 2 === n % 2) : [])];
	for (const chat of asked) {
		const answer = await send('GET', `/api/chats/${chat.id}/history`, '', owner);
		look(answer, `${what}: history of ${chat.id}`, chat, [200, 401, 404]);
		if (!hasLostSome && answer.status < 500) {
			assert.equal(answer.status, 200, `${what}: ${chat.id} is not found`);
			isRight(chat, answer.json, mayDiffer, what);
		}
		tally[answer.status === 200 ? 'right' : 'refused']++;
		if (chat.isPrivate) {
			const stranger = await send('GET', `/api/chats/${chat.id}/history`, '', {});
			look(stranger, `${what}: a stranger`, null, [401, 404]);
		}
	}
	const paths = ['/api/search?q=palabra', '/api/chats', '/api/health'];
	for (const path of isCheap ? paths : [paths[n % 3]])
		look(await send('GET', path, '', {}), `${what}: ${path}`, OPEN, [200]);
	const targets = [`new-${n}`, chats[1 + n % 2].id];
	for (const chatId of isCheap ? targets : [targets[n % 2]]) {
		const chat = chats.find((c) => c.id === chatId) ?? null;
		const content = `accepted ${n} ${chatId}`;
		const posted = await send('POST', '/api/send-message', JSON.stringify({ chatId, messages: [{ role: 'user', content }] }), {});
		look(posted, `${what}: post`, chat, [202, 401, 404, 409, 429]);
		if (posted.status !== 202)
			continue;
		const after = await send('GET', `/api/chats/${chatId}/history`, '', {});
		look(after, `${what}: after the post`, chat, [200]);
		if (after.status === 200)
			assert.ok(after.json.messages.some((m) => m.id === posted.json.messageId && m.content === content), `${what}: an accepted message is lost`);
	}
	return tally;
}

const asCgi = (at) => async (method, path, body, headers) => {
	const env = { ...at.env, ...(headers.cookie && { HTTP_COOKIE: headers.cookie, HTTP_SEC_FETCH_SITE: 'same-origin' }) };
	const answer = await cgi(system, method, path, body, env);
	assert.ok(answer.status > 0, `no answer to ${path}: ${answer.log}`);
	assert.doesNotMatch(answer.log, SANITIZER);
	return { ...answer, text: JSON.stringify(answer.json) };
};
const asFcgi = (socket) => async (method, path, body, headers) => {
	const answer = await fcgi(socket, method, path, { body, headers: { ...headers, ...(body && { 'content-type': 'application/json' }) }, params: { REMOTE_ADDR: '127.0.0.1' } });
	return { status: answer.status, headers: JSON.stringify(answer.headers), text: answer.text, json: JSON.parse(answer.text || 'null') };
};

/** Ends by itself, and within some seconds. */
function command(args, at) {
	const program = spawn(join(system.place.bin, 'fcgi-app'), args, { cwd: at.dir, ...system.place.user, stdio: ['ignore', 'ignore', 'pipe'],
		timeout: 20_000 * SLOW, env: { PATH: process.env.PATH, ENV_FILE: system.place.envFile, ...at.env } });
	let log = '';
	program.stderr.setEncoding('utf8').on('data', (chunk) => { log += chunk; });
	return new Promise((done) => { program.on('close', (code, signal) => done({ code, signal, log })); });
}

/** A service that checks first. */
async function serve(at, n, what, mayDiffer, hasLostSome) {
	const socket = join(at.dir, 's');
	const program = spawn(join(system.place.bin, 'fcgi-app'), ['--listen', socket], { cwd: at.dir, ...system.place.user, stdio: ['ignore', 'ignore', 'pipe'],
		env: { PATH: process.env.PATH, ENV_FILE: system.place.envFile, ...at.env } });
	let log = '';
	program.stderr.setEncoding('utf8').on('data', (chunk) => { log += chunk; });
	const ended = new Promise((done) => { program.on('close', (code, signal) => done({ code, signal })); });
	const before = readFileSync(at.db);
	await waitFor(() => program.exitCode !== null || program.signalCode !== null || listens(socket), `${what}: the service listens`)
		.catch((e) => { program.kill('SIGKILL'); e.message += `\n${log}`; throw e; });
	assert.deepEqual([program.exitCode, program.signalCode], [null, null], `${what}: ended at the start\n${log}`);
	const tally = await useIt(asFcgi(socket), `${what}, service`, n, true, mayDiffer, hasLostSome).catch((e) => { program.kill(); e.message += `\n${log}`; throw e; });
	const isFound = existsSync(`${at.db}.check-failed`);
	program.kill('SIGTERM');
	const { code, signal } = await ended;
	assert.deepEqual([code, signal], [0, null], `${what}: ${log}`);
	assert.doesNotMatch(log, SANITIZER);
	if (isFound) {
		assert.equal(tally.right, 0, `${what}: found, and yet answered`);
		assert.ok(readFileSync(at.db).equals(before), `${what}: the damaged file is as it was`);
	}
	return { ...tally, isFound };
}

async function round(n) {
	const [name, mayDiffer, damage] = damages[n % damages.length];
	const files = { db: Buffer.from(whole.db), wal: Buffer.from(whole.wal), shm: Buffer.from(whole.shm) };
	damage(files, randomOf(SEED + 1 + n));
	const what = `SEED=${SEED} damage ${n}: ${name}`;
	// a log that is cut off or changed ends at its last whole commit: what came after it is gone
	const hasLostSome = /log/.test(name);
	const at = place(n, files), fresh = place(`${n}-service`, files);
	await useIt(asCgi(at), `${what}, plain CGI`, n, false, mayDiffer, hasLostSome);
	const result = await serve(fresh, n, what, mayDiffer, hasLostSome);
	const args = [['--check-database'], ['--stats'], ['--drain'], ['--backup', join(at.dir, 'copy.db')]][n % 4];
	const { code, signal, log } = await command(args, at);
	assert.ok([0, 1].includes(code), `${what}: ${args[0]}: ${code ?? signal} ${log}`);
	assert.doesNotMatch(log, SANITIZER);
	assert.ok(statSync(at.db).size > 0 || name === 'an empty database', what);
	rmSync(at.dir, { recursive: true });
	rmSync(fresh.dir, { recursive: true });
	return result;
}

test(`${DAMAGES} times damaged, SEED=${SEED}`, { timeout: (60_000 + DAMAGES * 3_000) * SLOW }, async (t) => {
	const tally = { right: 0, refused: 0, found: 0 };
	const failures = [];
	let next = 0;
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (next < DAMAGES && failures.length === 0) {
			const { right = 0, refused = 0, isFound = false } = await round(next++).catch((e) => { failures.push(e); return {}; });
			tally.right += right;
			tally.refused += refused;
			tally.found += isFound;
		}
	}));
	if (failures.length > 0)
		throw failures[0];
	t.diagnostic(`SEED=${SEED}: ${DAMAGES} damages, ${tally.found} found by the check; the services gave ${tally.right} right answers and ${tally.refused} refusals`);
	assert.ok(tally.found >= DAMAGES / 15 && tally.right > DAMAGES / 5, 'both happen');
});
