/**
 * From the stand-in's write to the subscriber's receive, at 1, 100 and 1,000 replies at once, and what it
 * costs all our programs together. Each text of the stand-in says when it was sent (stamp), on the
 * monotonic clock that all programs of a machine share. Aims: 5 ms p99 beyond the tick of 40 ms, first text
 * 5 ms.
 * FRAMES texts a reply, one every DELAY_MS.
 */
import { readFileSync } from 'node:fs';

import { postJson, startSystem, waitFor } from '../integration/harness.mjs';

const FRAMES = Number(process.env.FRAMES ?? 40);
const DELAY_MS = Number(process.env.DELAY_MS ?? 100);
const TICK_MS = 40;
const PROGRAMS = ['worker', 'app', 'push', 'web'];

const system = await startSystem();
const cpuMs = (name) => {
	const fields = readFileSync(`/proc/${system.pids[name]}/stat`, 'utf8').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) * 10; // clock ticks of 10 ms
};
const cpu = () => Object.fromEntries(PROGRAMS.map((name) => [name, cpuMs(name)]));
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
const at = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * p) - 1)];

/** One socket for all chats, read with as little work as can be: a library's would be measured, too. */
async function listen(chats) {
	const { hostname, port } = new URL(system.url);
	const state = { subscribed: 0, ended: 0, deltas: 0, first: [], rest: [] };
	const began = new Set();
	const socket = new WebSocket(`ws://${hostname}:${port}/app/local?protocol=7`);
	socket.onmessage = ({ data: frame }) => {
		const received = nowMs();
		const { event, channel, data } = JSON.parse(frame);
		state.subscribed += event === 'pusher_internal:subscription_succeeded';
		state.ended += event === 'App\\Events\\MessageSent';
		if (event !== 'text_delta')
			return;
		state.deltas++;
		for (const stamp of JSON.parse(data).delta.split(';').filter(Boolean)) {
			(began.has(channel) ? state.rest : state.first).push(received - Number(stamp) / 1000);
			began.add(channel);
		}
	};
	await new Promise((done, fail) => { socket.onopen = done; socket.onerror = fail; });
	for (const chat of chats)
		socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel: `chat.${chat}` } }));
	await waitFor(() => state.subscribed === chats.length, 'all subscriptions');
	return { state, close: () => socket.close() };
}

console.log('replies   first text p50   p99 ms |  text p50   p99   p99 - tick ms |  CPU a 1,000 texts, a 1,000 deltas, ms (worker app push web)');
for (const count of [1, 100, 1000]) {
	const chats = Array.from({ length: count }, (_, i) => `n${count}-${i}`);
	const { state, close } = await listen(chats);
	// all posts first: the provider begins when the last of them is in
	const first = Math.max(300, count * 4);
	const post = (chatId) => postJson(`${system.url}/api/send-message`, { chatId,
		messages: [{ role: 'user', content: `[[bytes=${FRAMES * 10},frames=${FRAMES},first=${first},delay=${DELAY_MS},stamp]]` }] });
	let next = 0;
	await Promise.all(Array.from({ length: 32 }, async () => {
		while (next < count)
			if ((await post(chats[next++])).status !== 202)
				throw new Error('a post was refused');
	}));
	const before = cpu();
	await waitFor(() => state.ended === count, 'all replies', 300_000);
	const after = cpu();
	const texts = state.first.length + state.rest.length;
	if (texts !== count * FRAMES)
		throw new Error(`${texts} texts came, not ${count * FRAMES}`);
	state.first.sort((a, b) => a - b);
	state.rest.sort((a, b) => a - b);
	const spent = PROGRAMS.map((name) => after[name] - before[name]);
	const all = spent.reduce((a, b) => a + b);
	const ms = (x) => x.toFixed(1).padStart(7);
	console.log(`${String(count).padStart(7)}  ${ms(at(state.first, 0.5))}        ${ms(at(state.first, 0.99))}    | ${ms(at(state.rest, 0.5))} ${ms(at(state.rest, 0.99))} ${ms(at(state.rest, 0.99) - TICK_MS)}          |`
		+ ` ${ms(all / texts * 1000)} ${ms(all / state.deltas * 1000)}   (${spent.map((x) => (x / state.deltas * 1000).toFixed(0)).join(' ')})`);
	close();
}
await system.stop();
process.exit(0);
