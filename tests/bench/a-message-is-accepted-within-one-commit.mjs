/**
 * POST /api/send-message beside the floor of its promise: one bare durable SQLite commit
 * (synchronous=FULL), measured in turn with it, on the same file system, in the same run.
 *
 *   idle     nothing else runs
 *   busy     STREAMS replies stream, and the model takes 2 s before each first word
 *   burst    64 clients at once, one message each, beside 64 bare commits one after the other, in turn
 *   clients  1, 8, 64 that go on: accepted messages a second, beside bare commits. Here all of it works
 *            at the same time, the replies, the model's stand-in and this program, too: with few cores and a
 *            fast disk it is a figure of the CPU, printed and not judged
 *   routes   reads, idle and while 64 clients post
 *
 * Exits 1 when the median of an accepted message is beyond one commit + 3 ms, when a burst of 64 is
 * not accepted faster than one commit each, or when a read takes more than 5 ms longer at the median.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { startSystem, waitFor } from '../integration/harness.mjs';

const STREAMS = Number(process.env.STREAMS ?? 200);
const ROUNDS = Number(process.env.ROUNDS ?? 150);
const CLIENTS = 64;
const POSTS = 1280; /* of all CLIENTS together */
const SLACK_MS = 3;

const system = await startSystem({ env: { AI_MAX_REPLIES: '4096' } });
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const { hostname, port } = new URL(system.url);

const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const p99 = (list) => list.sort((a, b) => a - b)[Math.floor(list.length * 0.99)];
const line = (list) => `median ${median(list).toFixed(2)} ms, p99 ${p99(list).toFixed(2)} ms`;

/** Milliseconds of one request; throws unless it is answered with status. */
function time(method, path, status, body) {
	return new Promise((done, fail) => {
		const start = performance.now();
		const headers = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
		const call = request({ hostname, port, agent, method, path, headers }, (answer) => {
			answer.on('data', () => {});
			answer.on('end', () => (answer.statusCode === status ? done(performance.now() - start) : fail(new Error(`${method} ${path}: ${answer.statusCode}`))));
		});
		call.on('error', fail);
		call.end(body);
	});
}
let chats = 0;
const post = (content) => time('POST', '/api/send-message', 202, JSON.stringify({ chatId: `b${chats++}`, messages: [{ role: 'user', content }] }));
const SLOW = 'why? [[first=2000,bytes=400]]';

/* The floor: a row like ours, alone in its own file. */
const floor = new DatabaseSync(join(system.dir, 'floor.db'));
floor.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT)');
const insert = floor.prepare('INSERT INTO t(body) VALUES(?)');
const row = 'x'.repeat(400);
function commit() {
	const start = performance.now();
	insert.run(row);
	return performance.now() - start;
}

async function inTurn(rounds) {
	const commits = [], posts = [];
	for (let i = 0; i < rounds; i++) {
		commits.push(commit());
		posts.push(await post(SLOW));
	}
	return { commits, posts };
}

const PROGRAMS = ['web', 'app', 'worker', 'push', 'standin'];
const pid = (name) => [].concat(system.pids[name])[0];
/** CPU in ms so far: of a program, or of this one. */
function cpuMs(name) {
	if (name === 'bench') {
		const { user, system: kernel } = process.cpuUsage();
		return (user + kernel) / 1000;
	}
	const fields = readFileSync(`/proc/${pid(name)}/stat`, 'utf8').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) * 10; // clock ticks of 10 ms
}
const cpuOfAll = () => [...PROGRAMS, 'bench'].map(cpuMs);

async function together(total, clients) {
	const posts = [], start = performance.now();
	let left = total;
	await Promise.all(Array.from({ length: clients }, async () => {
		while (left-- > 0)
			posts.push(await post(SLOW));
	}));
	return { posts, perSecond: total / ((performance.now() - start) / 1000) };
}

/** 64 bare commits, then 64 posts at once; then the model has been asked for all of them. */
async function bursts(rounds) {
	const commits = [], posts = [];
	for (let i = 0; i < rounds; i++) {
		let start = performance.now();
		for (let n = 0; n < CLIENTS; n++)
			commit();
		commits.push((performance.now() - start) / CLIENTS);
		const asked = (await system.standin.counters()).requests;
		start = performance.now();
		await Promise.all(Array.from({ length: CLIENTS }, () => post(SLOW)));
		posts.push((performance.now() - start) / CLIENTS);
		await waitFor(async () => (await system.standin.counters()).requests >= asked + CLIENTS, 'the model is asked');
	}
	return { commits, posts };
}

const READS = ['/api/chats/b0/history?after=0', '/api/chats', '/api/config', '/api/health'];
async function reads(rounds) {
	const result = Object.fromEntries(READS.map((path) => [path, []]));
	for (let i = 0; i < rounds; i++)
		for (const path of READS)
			result[path].push(await time('GET', path, 200));
	return result;
}

const failed = [];
const check = (ok, what) => ok || failed.push(what);

await post('hello');
const idleReads = await reads(ROUNDS);
const idle = await inTurn(ROUNDS);
console.log(`idle: bare commit ${line(idle.commits)}; accepted ${line(idle.posts)}`);
check(median(idle.posts) < median(idle.commits) + SLACK_MS, 'idle');

await Promise.all(Array.from({ length: STREAMS }, (_, i) => time('POST', '/api/send-message', 202,
	JSON.stringify({ chatId: `s${i}`, messages: [{ role: 'user', content: '[[bytes=60000,chunk=60,delay=100]]' }] }))));
await waitFor(async () => (await system.standin.counters()).open_streams >= STREAMS, 'all streams');
const busy = await inTurn(ROUNDS);
console.log(`${STREAMS} replies stream: bare commit ${line(busy.commits)}; accepted ${line(busy.posts)}`);
check(median(busy.posts) < median(busy.commits) + SLACK_MS, 'busy');

const burst = await bursts(20);
console.log(`bursts of ${CLIENTS}: each bare commit ${line(burst.commits)}; each accepted ${line(burst.posts)}: ${(median(burst.commits) / median(burst.posts)).toFixed(1)} times the floor`);
check(median(burst.posts) < median(burst.commits), 'burst');

const commits = Array.from({ length: ROUNDS }, commit);
const floorPerSecond = 1000 / (commits.reduce((sum, ms) => sum + ms, 0) / commits.length);
const rate = (clients, { perSecond, posts }) => console.log(`${clients} clients: ${perSecond.toFixed(0)} accepted a second (${line(posts)}); bare commits ${floorPerSecond.toFixed(0)} a second: ${(perSecond / floorPerSecond).toFixed(1)} times the floor`);
for (const clients of [1, 8])
	rate(clients, await together(POSTS / 4, clients));
const cpuBefore = cpuOfAll();
const [many, busyReads] = await Promise.all([together(POSTS, CLIENTS), reads(20)]);
rate(CLIENTS, many);
const cpu = cpuOfAll().map((ms, i) => ((ms - cpuBefore[i]) / POSTS).toFixed(2));
console.log(`  CPU ms for each of these: ${[...PROGRAMS, 'bench'].map((name, i) => `${name} ${cpu[i]}`).join(', ')}`);
for (const path of READS) {
	console.log(`GET ${path}: idle ${line(idleReads[path])}; while ${CLIENTS} post and ${STREAMS} stream ${line(busyReads[path])}`);
}

agent.destroy();
floor.close();
await system.stop();
if (failed.length > 0)
	console.log(`beyond the promise: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
