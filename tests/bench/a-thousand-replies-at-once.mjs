/**
 * 1,000 replies at once through one worker: all finish, each stored text and each pushed text equals
 * the stand-in's. Prints gaps, memory and CPU per reply. Exits 1 when a text differs.
 * REPLIES, BYTES, DELAY_MS (between the stand-in's frames) change the load.
 */
import { readFileSync } from 'node:fs';

import Pusher from 'pusher-js';

import { postJson, startSystem, waitFor } from '../integration/harness.mjs';

const REPLIES = Number(process.env.REPLIES ?? 1000);
const BYTES = Number(process.env.BYTES ?? 2000);
const DELAY_MS = Number(process.env.DELAY_MS ?? 250);
const POSTERS = 32;
const SOCKETS = 10;
const PROGRAMS = ['worker', 'app', 'push'];

const system = await startSystem();
const { hostname, port } = new URL(system.url);
const pid = (name) => [].concat(system.pids[name])[0];
const proc = (name, file) => readFileSync(`/proc/${pid(name)}/${file}`, 'utf8');
const cpuMs = (name) => {
	const fields = proc(name, 'stat').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) * 10; // clock ticks of 10 ms
};

/** What a subscriber makes of the events of one chat. */
const readers = Array.from({ length: REPLIES }, () => ({ live: '', sent: null, last: 0, gaps: 0 }));
let subscribed = 0;
const sockets = Array.from({ length: SOCKETS }, () => new Pusher('local', {
	wsHost: hostname, wsPort: Number(port), forceTLS: false, enabledTransports: ['ws'], cluster: 'unused',
}));
readers.forEach((reader, i) => {
	const channel = sockets[i % SOCKETS].subscribe(`chat.n${i}`);
	channel.bind('pusher:subscription_succeeded', () => { subscribed++; });
	channel.bind_global((name, data) => {
		if (data?.seq === undefined)
			return;
		reader.gaps += data.prev > reader.last;
		reader.last = data.seq;
		if (name === 'text_delta' && data.offset === reader.live.length)
			reader.live += data.delta;
		if (name === 'App\\Events\\MessageSent')
			reader.sent = data.message.content;
	});
});
await waitFor(() => subscribed === REPLIES, 'all subscriptions');

const cpuBefore = Object.fromEntries(PROGRAMS.map((name) => [name, cpuMs(name)]));
const start = Date.now();
let next = 0;
await Promise.all(Array.from({ length: POSTERS }, async () => {
	while (next < REPLIES) {
		const i = next++;
		const content = `q ${i} [[bytes=${BYTES},seed=${i},chunk=60,delay=${DELAY_MS}]]`;
		const answer = await postJson(`${system.url}/api/send-message`, { chatId: `n${i}`, messages: [{ role: 'user', content }] });
		if (answer.status !== 202)
			throw new Error(`${answer.status}`);
	}
}));
const streams = (await system.standin.counters()).max_open_streams;
await waitFor(() => readers.every((reader) => reader.sent !== null), 'all replies', 300_000);
const seconds = (Date.now() - start) / 1000;

let stored = 0, pushed = 0;
for (const [i, reader] of readers.entries()) {
	const expected = await (await fetch(`${system.standin.url}/control/text?bytes=${BYTES}&seed=${i}`)).text();
	const { messages } = await (await fetch(`${system.url}/api/chats/n${i}/history`)).json();
	stored += messages[1].content === expected;
	pushed += reader.live === expected && reader.sent === expected;
}
const gaps = readers.reduce((sum, reader) => sum + reader.gaps, 0);
console.log(`replies ${REPLIES}, most at once ${streams}, ${seconds.toFixed(1)} s, datagram queue ${readFileSync('/proc/sys/net/unix/max_dgram_qlen', 'utf8').trim()}`);
console.log(`stored texts right ${stored}, pushed texts right ${pushed}, gaps ${gaps}`);
for (const name of PROGRAMS)
	console.log(`${name}: ${((cpuMs(name) - cpuBefore[name]) / REPLIES).toFixed(2)} ms CPU a reply, ${proc(name, 'status').match(/VmRSS:\s+(\d+)/)[1]} KiB resident`);
sockets.forEach((socket) => socket.disconnect());
await system.stop();
process.exit(stored === REPLIES && pushed === REPLIES ? 0 : 1);
