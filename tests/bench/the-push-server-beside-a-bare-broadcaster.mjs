/**
 * The push server beside the practical limit of one thread: a bare epoll broadcaster that parses nothing and
 * does one send() a subscriber ("direct"), or one for all that has queued up ("coalesce").
 *
 * In each round of a workload every server runs once, freshly started, in turn forward and backward; a ratio is
 * taken within the round, and the median of the rounds is printed. CPU seconds hold on a busy machine, wall
 * times do not: targets go by CPU where there is a choice.
 *
 *   ROUNDS=5           rounds of each workload
 *   ONLY='rooms;idle'   workloads whose name has one of these
 *   PEERS=1            soketi, too (from the npm registry, into build/peers)
 *
 * Exits 1 when a delivery was lost, came twice, out of order or changed.
 */
import { SERVERS, installPeers, load } from './push-servers.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const ONLY = process.env.ONLY?.split(';');
const PEERS = process.env.PEERS === '1';
const NAMES = { direct: 'bare, direct', coalesce: 'bare, coalesce', push: 'push-server', soketi: 'soketi' };

/* --- targets: number, what is wanted, whether it is. r: what there is to ask about a workload. --- */

const atLeast = (number, what, want, value) => ({ number, what: `${what} >= ${want}`, value, test: (v) => v >= want });
const atMost = (number, what, want, value) => ({ number, what: `${what} <= ${want}`, value, test: (v) => v <= want });
const cpuOfBare = (number, want, bare = 'direct') => atLeast(number, `CPU ratio to ${NAMES[bare]}`, want, (r) => r.ratio(bare, 'push', 'cpu_s_per_million'));
const timesSoketi = (number, want) => ({ ...atLeast(number, 'deliveries a second, times soketi\'s', want, (r) => r.ratio('push', 'soketi', 'per_s')), peers: true });

const joined = (ofCoalesce, ofDirect, ofSoketi) => [cpuOfBare(4, ofCoalesce, 'coalesce'), cpuOfBare(4, ofDirect), timesSoketi(4, ofSoketi)];
const latency = [
	atMost(7, 'p50 beside bare, direct', 1.15, (r) => r.ratio('push', 'direct', 'p50_us')),
	atMost(7, 'p99 beside bare, direct', 1.75, (r) => r.ratio('push', 'direct', 'p99_us')),
	{ ...atMost(7, 'p50 beside soketi', 0.65, (r) => r.ratio('push', 'soketi', 'p50_us')), peers: true },
];
const idle = [
	atMost(8, 'KB a connection', 2.5, (r) => r.median('push', 'kb_each')),
	atMost(8, 'MB in all', 32, (r) => r.median('push', 'rss_mb')),
	{ ...atMost(8, 'KB a connection beside soketi', 0.34, (r) => r.ratio('push', 'soketi', 'kb_each')), peers: true },
	{ ...atMost(8, 'MB in all beside soketi', 0.2, (r) => r.ratio('push', 'soketi', 'rss_mb')), peers: true },
	atLeast(9, 'connections a second beside bare', 0.7, (r) => r.ratio('push', 'direct', 'connect_per_s')),
	atMost(9, 'CPU a connection beside bare (75 us where that is 39)', 1.92, (r) => r.ratio('push', 'direct', 'connect_cpu_us')),
	atMost(9, 'CPU a connection at 10,000 beside 1,000', 1.25, (r, all) => r.median('push', 'connect_cpu_us') / all.get('idle 1,000').median('push', 'connect_cpu_us')),
	{ ...atLeast(9, 'connections a second, times soketi\'s', 15, (r) => r.ratio('push', 'soketi', 'connect_per_s')), peers: true },
];

/* --- workloads. For few deliveries a second a share of the messages does. --- */

const fan = (kind, connections, size, messages, window, servers, targets) => ({
	name: `${kind}, ${connections.toLocaleString('en')} x ${size} B`, connections, channels: 1, size, messages, window, servers, targets, shares: { direct: 0.3, soketi: 0.1 },
});
const one = (connections, size, messages, ...targets) => ({ ...fan('one a write', connections, size, messages, 1, ['direct'], targets), shares: {} });
const full = (connections, size, messages, window, targets, servers = ['direct', 'coalesce', 'soketi']) => fan('full speed', connections, size, messages, window, servers, targets);
const WORKLOADS = [
	one(100, 200, 3000),
	one(1000, 200, 300, cpuOfBare(1, 0.93)),
	one(10_000, 200, 30, cpuOfBare(2, 0.88)),
	one(100, 2000, 2000),
	one(1000, 2000, 200, cpuOfBare(1, 0.93)),
	one(10_000, 2000, 20, cpuOfBare(2, 0.88)),
	full(100, 200, 8000, 16, joined(0.85, 7, 25)),
	full(1000, 200, 800, 16, joined(0.75, 7, 18)),
	full(10_000, 200, 80, 8, joined(0.8, 4.5, 11)),
	full(100, 2000, 4000, 8, [], ['direct', 'coalesce']),
	full(1000, 2000, 400, 8, [], ['direct', 'coalesce']),
	full(10_000, 2000, 40, 8, [], ['direct', 'coalesce']),
	{ name: 'rooms, 1,000 x 5', connections: 5000, channels: 1000, size: 60, messages: 40_000, window: 64, servers: ['direct', 'soketi'], targets: [cpuOfBare(3, 0.85), timesSoketi(3, 4)], shares: { soketi: 0.2 } },
	{ name: 'latency, 100 subscribers, 100 messages/s', connections: 100, channels: 1, size: 200, messages: 300, rate: 100, servers: ['direct', 'soketi'], targets: latency },
	{ name: 'latency, 400 rooms of 5, 1,000 messages/s', connections: 2000, channels: 400, size: 60, messages: 3000, rate: 1000, servers: ['direct', 'soketi'], targets: latency },
	{ name: 'idle 1,000', connections: 1000, channels: 1, size: 200, idle: 1, servers: ['direct'], targets: [] },
	{ name: 'idle 10,000', connections: 10_000, channels: 1, size: 200, idle: 2, servers: ['direct', 'soketi'], targets: idle },
];

/* --- running --- */

const median = (list) => list.sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)];

/** What the rounds of a workload have brought. */
class Results {
	constructor() { this.rounds = []; }
	median(server, figure) { return median(this.rounds.map((round) => round[server]?.[figure] ?? NaN)); }
	ratio(over, under, figure) { return median(this.rounds.map((round) => (round[over]?.[figure] ?? NaN) / (round[under]?.[figure] ?? NaN))); }
	sum(figure) { return this.rounds.flatMap((round) => Object.values(round)).reduce((sum, said) => sum + Number(said[figure]), 0); }
}

function options(w, server) {
	const messages = Math.max(10, Math.ceil((w.messages ?? 0) * (w.shares?.[server] ?? 1)));
	return ['--connections', w.connections, '--channels', w.channels, '--size', w.size,
		...(w.idle ? ['--idle', w.idle] : ['--messages', messages, '--warmup', Math.ceil(messages / 10), ...(w.rate ? ['--rate', w.rate] : ['--window', w.window])])];
}

async function run(w, name) {
	const server = await SERVERS[name]();
	try {
		return await load(server, [...options(w, name), ...(w.idle ? [] : server.publish)]);
	} finally {
		await server.stop();
	}
}

async function measure(w) {
	const results = new Results();
	const servers = [...w.servers.filter((name) => name !== 'soketi' || PEERS), 'push'];
	for (let i = 0; i < ROUNDS; i++) {
		const round = {};
		for (const name of i % 2 === 0 ? servers : servers.toReversed())
			round[name] = await run(w, name);
		results.rounds.push(round);
	}
	return { results, servers };
}

/* --- printing --- */

const number = (v, digits = 0) => (Number.isFinite(v) ? v.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }) : '-');
const row = (cells) => console.log(cells.map((cell, i) => (i === 0 ? `  ${cell}`.padEnd(18) : String(cell).padStart(14))).join(''));

function printDeliveries(r, servers, bares) {
	row(['', 'deliveries/s', 'CPU s/million', ...bares.map((bare) => `to ${bare}`), 'p50 us', 'p99 us', 'wall s']);
	for (const name of servers)
		row([NAMES[name], number(r.median(name, 'per_s')), number(r.median(name, 'cpu_s_per_million'), 2),
			...bares.map((bare) => number(r.ratio(bare, name, 'cpu_s_per_million'), 2)),
			number(r.median(name, 'p50_us')), number(r.median(name, 'p99_us')), number(r.median(name, 'seconds'), 2)]);
}

function printIdle(r, servers) {
	row(['', 'connects/s', 'CPU us each', 'KB each', 'MB in all', 'CPU s, idle']);
	for (const name of servers)
		row([NAMES[name], number(r.median(name, 'connect_per_s')), number(r.median(name, 'connect_cpu_us'), 1), number(r.median(name, 'kb_each'), 2),
			number(r.median(name, 'rss_mb'), 1), number(r.median(name, 'idle_cpu_s'), 3)]);
}

function print(w, r, servers) {
	console.log(`\n${w.name}`);
	if (w.idle)
		printIdle(r, servers);
	else
		printDeliveries(r, servers, servers.filter((name) => name === 'direct' || name === 'coalesce'));
	if (w.rate)
		console.log(`  publisher late by at most ${number(r.median('push', 'late_ms'), 1)} ms (median of the rounds)`);
}

/* --- everything --- */

if (PEERS)
	installPeers();
console.log(`medians of ${ROUNDS} rounds${PEERS ? '' : '; PEERS=1 adds soketi'}`);
const all = new Map();
for (const w of WORKLOADS.filter(({ name }) => ONLY === undefined || ONLY.some((word) => name.includes(word)))) {
	const { results, servers } = await measure(w);
	all.set(w.name, results);
	print(w, results, servers);
}

console.log('\ntargets');
const targets = WORKLOADS.filter(({ name }) => all.has(name))
	.flatMap((w) => w.targets.filter((t) => PEERS || !t.peers).map((t) => ({ ...t, where: w.name })));
for (const t of targets.sort((a, b) => a.number - b.number)) {
	let value = NaN;
	try {
		value = t.value(all.get(t.where), all);
	} catch { /* ONLY left out what it is compared with */ }
	console.log(`  ${t.number}  ${Number.isNaN(value) ? 'unknown' : t.test(value) ? 'reached' : 'MISSED '}  ${number(value, 2).padStart(7)}  ${t.what}: ${t.where}`);
}
const bad = ['lost', 'reordered', 'corrupt', 'has_given_up'].map((figure) => [figure, [...all.values()].reduce((sum, r) => sum + r.sum(figure), 0)]);
const delivered = [...all.values()].reduce((sum, r) => sum + r.rounds.reduce((n, round) => n + Object.values(round).reduce((m, said) => m + (said.delivered ?? 0), 0), 0), 0);
const isWell = bad.every(([, count]) => count === 0);
console.log(` 10  ${isWell ? 'reached' : 'MISSED '}  of ${number(delivered)} deliveries ${bad.slice(0, 3).map(([figure, count]) => `${count} ${figure}`).join(', ')}`);
process.exit(isWell ? 0 : 1);
