/**
 * POST /api/send-message beside the floor of its promise: one bare durable SQLite commit
 * (synchronous=FULL), measured in turn with it, on the same file system, in the same run.
 *
 *   idle     nothing else runs
 *   busy     STREAMS replies stream, and the model takes 2 s before each first word
 *   burst    64 clients at once, one message each, beside 64 bare commits one after the other, in turn
 *   clients  1, 8, 64 that go on: accepted messages a second, beside bare commits. Here all of it works
 *            at the same time, the replies and the model's stand-in, too: with few cores and a fast disk
 *            it is a figure of the CPU, printed and not judged
 *   routes   reads: idle; while STREAMS replies stream and one client posts without a pause; and,
 *            printed and not judged, while 64 clients post
 *
 * The programs log warnings only: whoever reads their lines here would cost more than writing them.
 * Bursts and clients are post_load's, which costs next to nothing; reads and single posts are ours.
 *
 * Exits 1 when the median of an accepted message is beyond one commit + 3 ms, when a burst of 64 is
 * not accepted faster than one commit each, or when a read takes more than 5 ms longer at the median.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';

import { BIN, startSystem, waitFor } from '../integration/harness.mjs';

const STREAMS = Number(process.env.STREAMS ?? 200);
const ROUNDS = Number(process.env.ROUNDS ?? 150);
const CLIENTS = 64;
const BURSTS = 40;
const POSTS = 1280; /* of all CLIENTS together */
const SLACK_MS = 3;
const READ_SLACK_MS = 5;

const system = await startSystem({ env: { AI_MAX_REPLIES: '4096', LOG_LEVEL: '1', ...(process.env.THR ? { APP_THREADS: process.env.THR } : {}) } });
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
		/* a kept connection that lighttpd was just about to close: nothing was asked on it */
		call.on('error', (e) => (call.reusedSocket && e.code === 'ECONNRESET' ? time(method, path, status, body).then(done, fail) : fail(e)));
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

/* post_load: a line of clients and posts gets a line of JSON. */
const load = spawn(join(BIN, '../bench/post_load'), [port, SLOW], { stdio: ['pipe', 'pipe', 'inherit'] });
const answers = createInterface({ input: load.stdout })[Symbol.asyncIterator]();
async function together(posts, clients) {
	load.stdin.write(`${clients} ${posts}\n`);
	const { value, done } = await answers.next();
	if (done)
		throw new Error('post_load has ended');
	return JSON.parse(value);
}

const PROGRAMS = ['web', 'app', 'worker', 'push', 'standin'];
const pid = (name) => [].concat(system.pids[name])[0];
/** CPU so far in ms, of all threads that live. */
const cpuMs = (name) => readdirSync(`/proc/${pid(name)}/task`).reduce((sum, thread) =>
	sum + Number(readFileSync(`/proc/${pid(name)}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);
/** What work() resolves to, and the CPU of each program meanwhile, a post. */
async function withCpu(posts, work) {
	const before = PROGRAMS.map(cpuMs);
	const result = await work();
	const each = PROGRAMS.map((name, i) => `${name} ${((cpuMs(name) - before[i]) / posts).toFixed(3)}`);
	return { result, cpu: each.join(', ') };
}

/** 64 bare commits, then 64 posts at once; then the model has been asked for all of them. */
async function bursts(rounds) {
	const commits = [], posts = [];
	for (let i = 0; i < rounds; i++) {
		const start = performance.now();
		for (let n = 0; n < CLIENTS; n++)
			commit();
		commits.push((performance.now() - start) / CLIENTS);
		const asked = (await system.standin.counters()).requests;
		posts.push((await together(CLIENTS, CLIENTS)).seconds * 1000 / CLIENTS);
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
await Promise.all(Array.from({ length: STREAMS }, (_, i) => time('POST', '/api/send-message', 202,
	JSON.stringify({ chatId: `s${i}`, messages: [{ role: 'user', content: '[[bytes=60000,chunk=60,delay=100]]' }] }))));
await waitFor(async () => (await system.standin.counters()).open_streams >= STREAMS, 'all streams');
if(process.env.NICE){const {execSync}=await import('node:child_process');for(const t of readdirSync('/proc/'+pid('worker')+'/task'))execSync('renice -n '+process.env.NICE+' -p '+t);}
if(process.env.MARK){const {writeFileSync}=await import('node:fs');writeFileSync(process.env.MARK,JSON.stringify(system.pids));await new Promise(r=>setTimeout(r,2000));}
const turn=[];for(let i=0;i<150;i++){turn.push(commit());await new Promise(r=>setTimeout(r,1));}
console.log('in turn',line(turn));
await together(CLIENTS, CLIENTS); // the caches are warm
const { result: burst, cpu: burstCpu } = await withCpu(BURSTS * CLIENTS, () => bursts(BURSTS));
console.log(`bursts of ${CLIENTS}: each bare commit ${line(burst.commits)}; each accepted ${line(burst.posts)}: ${(median(burst.commits) / median(burst.posts)).toFixed(2)} times the floor`);
console.log(`  CPU ms for each, with all that is written until the model is asked: ${burstCpu}`);
check(median(burst.posts) < median(burst.commits), 'burst');

agent.destroy();
load.stdin.end();
floor.close();
await system.stop();
if (failed.length > 0)
	console.log(`beyond the promise: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
